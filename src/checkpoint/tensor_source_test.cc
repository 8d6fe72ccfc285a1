#include "checkpoint/tensor_source.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "json/value.h"
#include "support/temp_dir.h"
#include "support/tiny_checkpoint.h"

namespace fathom {
namespace {

using test::kTinyShard1, test::kTinyShard2;
using test::TempDir;
using test::TinyCheckpoint;

constexpr const char* kNorm = "model.norm.weight";  // lies in shard 1

TEST(WeightIndex, ListsShardsAndTensors) {
  const WeightIndex index = ParseWeightIndex(R"({"metadata": {"total_size": 5}, "weight_map": {
      "b": "y.safetensors", "a": "x.safetensors", "c": "y.safetensors"}})")
                                .value();
  EXPECT_EQ(index.shards, (std::vector<std::string>{"y.safetensors", "x.safetensors"}));
  EXPECT_EQ(index.tensors,
            (std::vector<std::pair<std::string, size_t>>{{"b", 0}, {"a", 1}, {"c", 0}}));
}

TEST(WeightIndex, SaysWhatIsWrong) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "byte 0: expecting value"},
      {"[]", "expected object, found array"},
      {"{}", "weight_map: missing"},
      {R"({"weight_map": []})", "weight_map: expected object, found array"},
      {R"({"weight_map": {"a": 1}})", "weight_map: a: expected string, found number"},
      {R"({"weight_map": {"a": "x.safetensors", "a": "y.safetensors"}})",
       "byte 38: duplicate key \"a\""},
      {R"({"weight_map": {"a\u0007": "x.safetensors"}})",
       "weight_map: a tensor name with a character outside printable ASCII"},
      {R"({"weight_map": {"a": "sub/x.safetensors"}})",
       "weight_map: a: shard \"sub/x.safetensors\" lies outside the folder, expected a plain file "
       "name"},
      {R"({"weight_map": {"a": "../x.safetensors"}})",
       "weight_map: a: shard \"../x.safetensors\" lies outside the folder, expected a plain file "
       "name"},
      {R"({"weight_map": {"a": "/etc/passwd"}})",
       "weight_map: a: shard \"/etc/passwd\" lies outside the folder, expected a plain file name"},
      {R"({"weight_map": {"a": "c:\\x.safetensors"}})",
       R"(weight_map: a: shard "c:\\x.safetensors" lies outside the folder, expected a plain file )"
       "name"},
      {R"({"weight_map": {"a": ".."}})",
       "weight_map: a: shard \"..\" lies outside the folder, expected a plain file name"},
      {R"({"weight_map": {"a": "x.bin"}})",
       "weight_map: a: shard \"x.bin\", expected a file name that ends in .safetensors"},
      {R"({"weight_map": {"a": ""}})",
       "weight_map: a: shard \"\", expected a file name that ends in .safetensors"},
      {R"({"weight_map": {"a": "x\n.safetensors"}})",
       R"(weight_map: a: shard "x\n.safetensors", expected a file name that ends in .safetensors)"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_EQ(ParseWeightIndex(text).status().message(), message) << text;
  }
}

TEST(TensorSource, FindsTensorsOfEveryShard) {
  const TempDir dir;
  TinyCheckpoint tiny;
  tiny.Write(dir.path());
  const TensorSource source = TensorSource::Open(dir.path()).value();
  EXPECT_EQ(source.tensors().size(), tiny.tensors.size());
  int64_t bytes = 0;
  for (const test::TinyTensor& expected : tiny.tensors) {
    const StoredTensor* found = source.Find(expected.name);
    ASSERT_NE(found, nullptr) << expected.name;
    EXPECT_EQ(found->view.dtype, expected.dtype);
    EXPECT_EQ(found->view.shape, expected.shape);
    EXPECT_EQ(memcmp(found->view.data, expected.bytes.data(), expected.bytes.size()), 0);
    EXPECT_EQ(source.FilePath(*found), dir.File(expected.shard));
    bytes += static_cast<int64_t>(expected.bytes.size());
  }
  EXPECT_EQ(source.bytes(), bytes);
  EXPECT_EQ(source.Find("model.absent"), nullptr);
  EXPECT_EQ(source.Place(*source.Find(kNorm)), dir.File(kTinyShard1) + ": model.norm.weight");
}

TEST(TensorSource, StaysValidWhenMoved) {
  const TempDir dir;
  TinyCheckpoint().Write(dir.path());
  TensorSource source = TensorSource::Open(dir.path()).value();
  const TensorSource moved = std::move(source);
  ASSERT_NE(moved.Find(kNorm), nullptr);
  EXPECT_EQ(moved.FilePath(*moved.Find(kNorm)), dir.File(kTinyShard1));
}

TEST(TensorSource, OneFileNeedsNoIndex) {
  const TempDir dir;
  const TinyCheckpoint tiny;
  tiny.WriteSingle(dir.path());
  EXPECT_EQ(TensorSource::Open(dir.path()).value().tensors().size(), tiny.tensors.size());
  EXPECT_EQ(TensorSource::Open(dir.path() + "/").value().tensors().size(), tiny.tensors.size());
}

TEST(TensorSource, FilesTheIndexDoesNotNameAreNotRead) {
  const TempDir dir;
  TinyCheckpoint().Write(dir.path());
  dir.Write("other.safetensors", "garbage");
  EXPECT_TRUE(TensorSource::Open(dir.path()).ok());
}

std::string Failure(const TempDir& dir) {
  const Result<TensorSource> source = TensorSource::Open(dir.path());
  return source.ok() ? "opened without complaint" : source.status().message();
}

TEST(TensorSource, NoWeights) {
  const TempDir dir;
  EXPECT_EQ(Failure(dir), dir.path() +
                              ": no weights: looked for model.safetensors.index.json and "
                              "model.safetensors");
}

TEST(TensorSource, AMissingShard) {
  const TempDir dir;
  TinyCheckpoint().Write(dir.path());
  std::filesystem::remove(dir.File(kTinyShard2));
  EXPECT_EQ(Failure(dir),
            dir.File(kTinyShard2) +
                ": missing, and model.safetensors.index.json places 237 tensors in it");
}

TEST(TensorSource, AnIndexThatNamesAnAbsentTensor) {
  const TempDir dir;
  TinyCheckpoint().Write(dir.path(),
                         [](json::Object* map) { map->Set("model.extra.weight", kTinyShard2); });
  EXPECT_EQ(
      Failure(dir),
      dir.File("model.safetensors.index.json") +
          ": weight_map: model.extra.weight: placed in model-00002-of-00002.safetensors, which "
          "does not hold it");
}

TEST(TensorSource, AnIndexThatNamesTheWrongShard) {
  const TempDir dir;
  TinyCheckpoint().Write(dir.path(), [](json::Object* map) { map->Set(kNorm, kTinyShard2); });
  EXPECT_EQ(Failure(dir),
            dir.File("model.safetensors.index.json") +
                ": weight_map: model.norm.weight: placed in model-00002-of-00002.safetensors, but "
                "model-00001-of-00002.safetensors holds it");
}

TEST(TensorSource, ATensorTheIndexDoesNotName) {
  const TempDir dir;
  TinyCheckpoint().Write(dir.path(), [](json::Object* map) {
    json::Object without;
    for (const json::Member& member : *map) {
      if (member.key != kNorm) without.Set(member.key, member.value);
    }
    *map = without;
  });
  EXPECT_EQ(Failure(dir), dir.File("model.safetensors.index.json") +
                              ": weight_map: model.norm.weight is missing, although "
                              "model-00001-of-00002.safetensors holds it");
}

TEST(TensorSource, ATensorInTwoShards) {
  const TempDir dir;
  TinyCheckpoint tiny;
  tiny.AddCopy("model.layers.1.input_layernorm.weight", kNorm);  // in shard 2
  tiny.Write(dir.path());
  EXPECT_EQ(Failure(dir), dir.File(kTinyShard2) + ": model.norm.weight: stands in " +
                              dir.File(kTinyShard1) + " as well");
}

TEST(TensorSource, AShardThatIsAFolder) {
  const TempDir dir;
  TinyCheckpoint().Write(dir.path());
  std::filesystem::remove(dir.File(kTinyShard2));
  std::filesystem::create_directory(dir.File(kTinyShard2));
  EXPECT_EQ(Failure(dir), dir.File(kTinyShard2) + ": is a folder, expected a regular file");
}

TEST(TensorSource, ErrorsOfTheHeaderNameTheShard) {
  const TempDir dir;
  TinyCheckpoint().Write(dir.path());
  std::filesystem::resize_file(dir.File(kTinyShard2), 5);
  EXPECT_EQ(Failure(dir), dir.File(kTinyShard2) + ": 5 bytes, too short for a safetensors file");
}

}  // namespace
}  // namespace fathom
