// Every way in which a model folder can be wrong, with the line the user reads, and the checkpoints
// of the repository, which are right.
#include "checkpoint/checkpoint.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <filesystem>

#include "base/mapped_file.h"
#include "checkpoint/tensor_names.h"
#include "checkpoint/weight_check.h"
#include "quant/fp8_block.h"
#include "support/temp_dir.h"
#include "support/tiny_checkpoint.h"

namespace fathom {
namespace {

using test::kTinyShard1, test::kTinyShard2, test::ReplaceInFile;
using test::TempDir;
using test::TinyCheckpoint;

constexpr const char* kIndex = "model.safetensors.index.json";
constexpr const char* kNorm = "model.norm.weight";                       // BF16 [160], shard 1
constexpr const char* kQA = "model.layers.0.self_attn.q_a_proj.weight";  // [96, 160], shard 1
constexpr const char* kQAScales = "model.layers.0.self_attn.q_a_proj.weight_scale_inv";  // [1, 2]

std::string Failure(const std::string& folder) {
  const Result<Checkpoint> checkpoint = OpenCheckpoint(folder);
  return checkpoint.ok() ? "opened without complaint" : checkpoint.status().message();
}

std::string FailureOf(const TinyCheckpoint& tiny, const TempDir& dir) {
  tiny.Write(dir.path());
  return Failure(dir.path());
}

TEST(OpenCheckpoint, ATinyOneOfEveryType) {
  for (const DType type : {DType::kF8E4M3, DType::kBF16, DType::kF16, DType::kF32}) {
    const TempDir dir;
    TinyCheckpoint(type).Write(dir.path());
    const Result<Checkpoint> opened = OpenCheckpoint(dir.path());
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    EXPECT_TRUE(opened->has_mtp);
    EXPECT_EQ(opened->generation.eos_token_ids, (std::vector<int64_t>{1}));
    const MatrixView matrix = opened->Matrix(kQA);
    EXPECT_EQ(matrix.dtype, type);
    EXPECT_EQ(matrix.rows, 96);
    EXPECT_EQ(matrix.cols, 160);
    EXPECT_EQ(matrix.scales != nullptr, type == DType::kF8E4M3);
    EXPECT_EQ(opened->Plain(kNorm).shape, (Shape{160}));
  }
}

TEST(OpenCheckpoint, OneFileWithoutIndex) {
  const TempDir dir;
  TinyCheckpoint().WriteSingle(dir.path());
  EXPECT_TRUE(OpenCheckpoint(dir.path()).ok());
}

TEST(OpenCheckpoint, E8M0ScalesMeanTheSame) {
  const TempDir wide_dir, narrow_dir;
  TinyCheckpoint tiny;
  tiny.Write(wide_dir.path());
  tiny.UseE8M0Scales();
  tiny.Write(narrow_dir.path());
  const Checkpoint wide = OpenCheckpoint(wide_dir.path()).value();
  const Checkpoint narrow = OpenCheckpoint(narrow_dir.path()).value();
  for (const TensorSpec& spec : ModelTensors(wide.config, Mtp::kPresent)) {
    if (spec.storage != Storage::kMatrix) continue;
    const MatrixView a = wide.Matrix(spec.name), b = narrow.Matrix(spec.name);
    ASSERT_EQ(b.scale_dtype, DType::kF8E8M0);
    std::vector<float> x(static_cast<size_t>(a.rows * a.cols)), y(x.size());
    DequantizeRows(a, 0, a.rows, x.data());
    DequantizeRows(b, 0, b.rows, y.data());
    ASSERT_EQ(x, y) << spec.name;
  }
}

TEST(OpenCheckpoint, MtpIsWholeOrAbsentAndItsCopiesAreOptional) {
  TinyCheckpoint tiny;
  {
    const TempDir dir;
    tiny.Remove("model.layers.3.embed_tokens.weight");
    tiny.Remove("model.layers.3.shared_head.head.weight");
    tiny.Write(dir.path());
    EXPECT_TRUE(OpenCheckpoint(dir.path()).value().has_mtp);
  }
  {
    const TempDir dir;
    TinyCheckpoint partial = tiny;
    partial.Remove("model.layers.3.enorm.weight");
    EXPECT_EQ(FailureOf(partial, dir),
              dir.path() + ": holds no model.layers.3.enorm.weight, expected BF16 [160]");
  }
  {
    const TempDir dir;
    tiny.RemovePrefix("model.layers.3.");
    tiny.Write(dir.path());
    EXPECT_FALSE(OpenCheckpoint(dir.path()).value().has_mtp);
  }
}

TEST(OpenCheckpoint, MtpTensorsThatTheConfigDoesNotAnnounce) {
  const TempDir dir;
  TinyCheckpoint tiny;
  tiny.config.Set("num_nextn_predict_layers", 0);
  EXPECT_EQ(FailureOf(tiny, dir),
            dir.File(kTinyShard2) +
                ": model.layers.3.enorm.weight is no tensor of this model (as config.json "
                "describes it)");
}

// ---- The folder.

TEST(OpenCheckpoint, APathThatDoesNotExist) {
  EXPECT_EQ(Failure("/no/such/model"), "/no/such/model: no such folder");
}

TEST(OpenCheckpoint, AFileInsteadOfAFolder) {
  const TempDir dir;
  const std::string file = dir.Write("model.gguf", "GGUF");
  EXPECT_EQ(Failure(file),
            file + ": is a file, expected a model folder (with config.json and safetensors files)");
}

TEST(OpenCheckpoint, AFolderThatIsNoModel) {
  const TempDir dir;
  EXPECT_EQ(Failure(dir.path()),
            dir.path() + ": not a model folder: looked for config.json, found nothing");
  dir.Write("notes.txt", "");
  dir.Write("b/photo.jpg", "");
  EXPECT_EQ(Failure(dir.path()),
            dir.path() + ": not a model folder: looked for config.json, found b/, notes.txt");
  for (const char* name : {"c", "d", "e"}) dir.Write(name, "");
  EXPECT_EQ(Failure(dir.path()),
            dir.path() +
                ": not a model folder: looked for config.json, found b/, c, d, "
                "e and 1 more");
}

TEST(OpenCheckpoint, AConfigWithoutWeights) {
  const TempDir dir;
  TinyCheckpoint().Write(dir.path());
  for (const char* name : {kTinyShard1, kTinyShard2, kIndex})
    std::filesystem::remove(dir.File(name));
  EXPECT_EQ(Failure(dir.path()), dir.path() +
                                     ": no weights: looked for model.safetensors.index.json and "
                                     "model.safetensors");
}

// What OpenCheckpoint says to an ordinary user; root may read everything.
std::string FailureAsOrdinaryUser(const std::string& folder) {
  std::array<int, 2> ends{};
  FATHOM_CHECK(::pipe(ends.data()) == 0, "pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    if (::geteuid() == 0 && ::setuid(kNobody) != 0) ::_exit(2);
    const std::string message = Failure(folder);
    const ssize_t written = ::write(ends[1], message.data(), message.size());
    ::_exit(written == static_cast<ssize_t>(message.size()) ? 0 : 3);
  }
  ::close(ends[1]);
  std::string message(4096, '\0');
  const ssize_t got = ::read(ends[0], message.data(), message.size());
  ::close(ends[0]);
  message.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
  int exit_status = 0;
  ::waitpid(child, &exit_status, 0);
  EXPECT_EQ(exit_status, 0);
  return message;
}

TEST(OpenCheckpoint, PermissionDenied) {
  const TempDir dir;
  TinyCheckpoint().Write(dir.path());
  ::chmod(dir.path().c_str(), 0755);
  const std::string shard = dir.File(kTinyShard2), config = dir.File("config.json");
  ::chmod(shard.c_str(), 0);
  EXPECT_EQ(FailureAsOrdinaryUser(dir.path()), shard + ": Permission denied");
  ::chmod(config.c_str(), 0);
  EXPECT_EQ(FailureAsOrdinaryUser(dir.path()), config + ": Permission denied");
  ::chmod(dir.path().c_str(), 0);
  EXPECT_EQ(FailureAsOrdinaryUser(dir.path()), config + ": Permission denied");
  ::chmod(dir.path().c_str(), 0755);
}

// ---- The config.

TEST(OpenCheckpoint, AnotherModelType) {
  const TempDir dir;
  TinyCheckpoint tiny;
  tiny.config.Set("model_type", "deepseek_v3");
  EXPECT_EQ(FailureOf(tiny, dir),
            dir.File("config.json") +
                R"(: model_type: found "deepseek_v3", only "deepseek_v32" can be run)");
}

TEST(OpenCheckpoint, AConfigWithAnAbsurdField) {
  const TempDir dir;
  TinyCheckpoint tiny;
  tiny.config.Set("index_topk", 0);
  EXPECT_EQ(FailureOf(tiny, dir),
            dir.File("config.json") + ": index_topk: 0 is outside [1, 1048576]");
}

TEST(OpenCheckpoint, AConfigWithAMissingField) {
  const TempDir dir;
  TinyCheckpoint tiny;
  json::Object without;
  for (const json::Member& member : tiny.config) {
    if (member.key != "kv_lora_rank") without.Set(member.key, member.value);
  }
  tiny.config = without;
  EXPECT_EQ(FailureOf(tiny, dir), dir.File("config.json") + ": kv_lora_rank: missing");
}

TEST(OpenCheckpoint, ABrokenGenerationConfig) {
  const TempDir dir;
  dir.Write("generation_config.json", R"({"temperature": -1})");
  EXPECT_EQ(FailureOf(TinyCheckpoint(), dir),
            dir.File("generation_config.json") + ": temperature: -1 is outside [0, 100]");
}

// ---- The files.

TEST(OpenCheckpoint, ATruncatedShard) {
  const TempDir dir;
  TinyCheckpoint tiny;
  tiny.Write(dir.path());
  const std::string shard = dir.File(kTinyShard2);
  const auto size = std::filesystem::file_size(shard);
  std::filesystem::resize_file(shard, size - 1);
  // The last tensor of the shard, by name and by bytes.
  int64_t data = 0;
  for (const test::TinyTensor& tensor : tiny.tensors) {
    if (tensor.shard == kTinyShard2) data += static_cast<int64_t>(tensor.bytes.size());
  }
  EXPECT_EQ(
      Failure(dir.path()),
      fmt::format("{}: {}: ends at byte {} of the data, but the file holds {}; it is truncated",
                  shard, tiny.tensors.back().name, data, data - 1));
  std::filesystem::resize_file(shard, 1000);
  EXPECT_TRUE(Failure(dir.path()).ends_with("bytes, but the file ends after 992"))
      << Failure(dir.path());
  std::filesystem::resize_file(shard, 0);
  EXPECT_EQ(Failure(dir.path()), shard + ": 0 bytes, too short for a safetensors file");
}

TEST(OpenCheckpoint, AMissingShard) {
  const TempDir dir;
  TinyCheckpoint().Write(dir.path());
  std::filesystem::remove(dir.File(kTinyShard1));
  EXPECT_EQ(Failure(dir.path()),
            dir.File(kTinyShard1) +
                ": missing, and model.safetensors.index.json places 30 tensors "
                "in it");
}

TEST(OpenCheckpoint, AShardNameThatLeavesTheFolder) {
  for (const std::string name : {"../model.safetensors", "sub/model.safetensors"}) {
    const TempDir dir;
    TinyCheckpoint().Write(dir.path(), [&](json::Object* map) { map->Set(kNorm, name); });
    EXPECT_EQ(Failure(dir.path()),
              fmt::format("{}: weight_map: {}: shard \"{}\" lies outside the folder, expected a "
                          "plain file name",
                          dir.File(kIndex), kNorm, name));
  }
}

TEST(OpenCheckpoint, AnIndexThatNamesAnAbsentTensor) {
  const TempDir dir;
  TinyCheckpoint().Write(dir.path(), [](json::Object* map) { map->Set("ghost", kTinyShard2); });
  EXPECT_EQ(
      Failure(dir.path()),
      dir.File(kIndex) +
          ": weight_map: ghost: placed in model-00002-of-00002.safetensors, which does not hold "
          "it");
}

TEST(OpenCheckpoint, AHeaderLengthBeyondTheFile) {
  const TempDir dir;
  TinyCheckpoint().Write(dir.path());
  dir.Write(kTinyShard2, std::string("\x40\x42\x0F\0\0\0\0\0{}", 10));
  EXPECT_EQ(Failure(dir.path()),
            dir.File(kTinyShard2) + ": a header of 1000000 bytes, but the file ends after 2");
}

TEST(OpenCheckpoint, OverlappingOffsets) {
  const TempDir dir;
  TinyCheckpoint().Write(dir.path());
  const std::string shard = dir.File(kTinyShard1);
  ReplaceInFile(shard, R"("data_offsets":[30720,31040])", R"("data_offsets":[30719,31039])");
  EXPECT_EQ(
      Failure(dir.path()),
      shard +
          ": model.embed_tokens.weight and model.layers.0.input_layernorm.weight overlap: one "
          "ends at byte 30720 of the data, the other begins at 30719");
}

TEST(OpenCheckpoint, AnUnknownType) {
  const TempDir dir;
  TinyCheckpoint().Write(dir.path());
  ReplaceInFile(dir.File(kTinyShard1), R"("model.norm.weight":{"dtype":"BF16")",
                R"("model.norm.weight":{"dtype":"F64")");
  EXPECT_EQ(Failure(dir.path()),
            dir.File(kTinyShard1) +
                ": model.norm.weight: dtype \"F64\" is unknown, expected one of F32, F16, BF16, "
                "F8_E4M3, F8_E8M0, I32, I64, U8");
}

// ---- The tensors.

TEST(OpenCheckpoint, AMissingTensor) {
  const TempDir dir;
  TinyCheckpoint tiny;
  tiny.Remove(kNorm);
  EXPECT_EQ(FailureOf(tiny, dir), dir.path() + ": holds no model.norm.weight, expected BF16 [160]");
}

TEST(OpenCheckpoint, AWrongShape) {
  const TempDir dir;
  TinyCheckpoint tiny;
  tiny.Find(kQA).shape = {160, 96};
  EXPECT_EQ(FailureOf(tiny, dir), fmt::format("{}: {} has shape [160, 96], expected [96, 160]",
                                              dir.File(kTinyShard1), kQA));
}

TEST(OpenCheckpoint, AWrongType) {
  const TempDir dir;
  TinyCheckpoint tiny;
  tiny.Find(kQA).dtype = DType::kU8;
  EXPECT_EQ(FailureOf(tiny, dir), fmt::format("{}: {} is U8, expected F8_E4M3, BF16, F16 or F32",
                                              dir.File(kTinyShard1), kQA));
  const TempDir other;
  tiny = TinyCheckpoint();
  tiny.Find(kNorm).dtype = DType::kF8E4M3;
  EXPECT_EQ(FailureOf(tiny, other),
            other.File(kTinyShard1) + ": model.norm.weight is F8_E4M3, expected BF16, F16 or F32");
}

TEST(OpenCheckpoint, Fp8WithoutQuantizationConfig) {
  const TempDir dir;
  TinyCheckpoint tiny;
  tiny.config.Set("quantization_config", nullptr);
  EXPECT_EQ(FailureOf(tiny, dir),
            fmt::format("{}: {} is F8_E4M3, but config.json has no quantization_config",
                        dir.File(kTinyShard1), kQA));
}

TEST(OpenCheckpoint, Fp8WithoutScales) {
  const TempDir dir;
  TinyCheckpoint tiny;
  tiny.Remove(kQAScales);
  EXPECT_EQ(FailureOf(tiny, dir),
            fmt::format("{}: holds no {}, expected F32 or F8_E8M0 [1, 2]: its weight is F8_E4M3",
                        dir.path(), kQAScales));
}

TEST(OpenCheckpoint, ScalesOfTheWrongShapeOrType) {
  const TempDir dir;
  TinyCheckpoint tiny;
  tiny.Find(kQAScales).shape = {2, 1};
  EXPECT_EQ(FailureOf(tiny, dir), fmt::format("{}: {} has shape [2, 1], expected [1, 2]",
                                              dir.File(kTinyShard1), kQAScales));
  const TempDir other;
  tiny = TinyCheckpoint();
  tiny.Find(kQAScales).dtype = DType::kBF16;
  EXPECT_EQ(FailureOf(tiny, other), fmt::format("{}: {} is BF16, expected F32 or F8_E8M0",
                                                other.File(kTinyShard1), kQAScales));
}

TEST(OpenCheckpoint, ATensorThatIsNoPartOfTheModel) {
  const TempDir dir;
  TinyCheckpoint tiny;
  tiny.AddCopy(kNorm, "model.layers.0.self_attn.q_a_proj.bias");
  EXPECT_EQ(
      FailureOf(tiny, dir),
      dir.File(kTinyShard1) +
          ": model.layers.0.self_attn.q_a_proj.bias is no tensor of this model (as config.json "
          "describes it)");
}

// A BF16 matrix beside scales was not dequantised by whoever converted it, or it was: refuse.
TEST(OpenCheckpoint, ScalesWithoutAnFp8Weight) {
  const TempDir dir;
  TinyCheckpoint tiny;
  tiny.Find(kQA).dtype = DType::kBF16;
  EXPECT_EQ(FailureOf(tiny, dir),
            fmt::format("{}: {} is no tensor of this model (as config.json describes it)",
                        dir.File(kTinyShard1), kQAScales));
}

TEST(OpenCheckpoint, LeftoverRotaryTablesArePassedOver) {
  const TempDir dir;
  TinyCheckpoint tiny;
  tiny.AddCopy(kNorm, "model.layers.0.self_attn.rotary_emb.inv_freq");
  tiny.Write(dir.path());
  EXPECT_TRUE(OpenCheckpoint(dir.path()).ok());
}

TEST(OpenCheckpoint, NaNInWeightsIsFoundByTheChecks) {
  const TempDir dir;
  TinyCheckpoint tiny;
  tiny.Find(kQA).At<uint8_t>(12 * 160 + 40) = 0x7F;
  tiny.Write(dir.path());
  const Checkpoint checkpoint = OpenCheckpoint(dir.path()).value();
  EXPECT_EQ(CheckAllTensors(checkpoint).message(),
            dir.File(kTinyShard1) + ": model.layers.0.self_attn.q_a_proj.weight[12, 40] is NaN");
}

// ---- A file that shrinks while it is mapped.

struct Outcome {
  int exit_status = 0;
  std::string stderr_text;
};

// Runs the whole check in a process of its own, as main would: with the guard installed. After the
// first report the shard is cut to `left` bytes, then the check reads on.
Outcome CheckWhileShardShrinks(const std::string& folder, const std::string& shard, size_t left) {
  std::array<int, 2> to_child{}, to_parent{}, child_stderr{};
  FATHOM_CHECK(::pipe(to_child.data()) == 0 && ::pipe(to_parent.data()) == 0 &&
                   ::pipe(child_stderr.data()) == 0,
               "pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(child_stderr[1], STDERR_FILENO);
    GuardMappedFiles();
    const Result<Checkpoint> checkpoint = OpenCheckpoint(folder);
    if (!checkpoint.ok()) ::_exit(2);
    bool waited = false;
    const Status status = CheckAllTensors(*checkpoint, [&](int64_t) {
      char byte = 0;
      if (!waited && (::write(to_parent[1], "r", 1) != 1 || ::read(to_child[0], &byte, 1) != 1)) {
        ::_exit(3);
      }
      waited = true;
      return Status();
    });
    ::_exit(status.ok() ? 0 : 4);
  }
  for (const int end : {to_child[0], to_parent[1], child_stderr[1]}) ::close(end);
  char byte = 0;
  EXPECT_EQ(::read(to_parent[0], &byte, 1), 1);  // the child is reading
  std::filesystem::resize_file(shard, left);
  EXPECT_EQ(::write(to_child[1], "g", 1), 1);
  Outcome outcome;
  std::array<char, 1024> text{};
  for (ssize_t got; (got = ::read(child_stderr[0], text.data(), text.size())) > 0;) {
    outcome.stderr_text.append(text.data(), static_cast<size_t>(got));
  }
  ::waitpid(child, &outcome.exit_status, 0);
  for (const int end : {to_child[1], to_parent[0], child_stderr[0]}) ::close(end);
  return outcome;
}

TEST(OpenCheckpoint, AFileThatShrinksWhileItIsRead) {
  const TempDir dir;
  TinyCheckpoint().Write(dir.path());
  const std::string shard = dir.File(kTinyShard2);
  const Outcome outcome = CheckWhileShardShrinks(dir.path(), shard, 4096);
  ASSERT_TRUE(WIFEXITED(outcome.exit_status));
  EXPECT_EQ(WEXITSTATUS(outcome.exit_status), 1);
  EXPECT_EQ(
      outcome.stderr_text,
      "error: " + shard + ": the file became shorter, or could not be read, while it was in use\n");
}

// ---- The checkpoints of the repository.

TEST(Golden, EveryModelOpensAndIsFinite) {
  const std::pair<std::string, bool> models[] = {
      {FATHOM_GOLDEN_DIR "/tiny-f32", false},
      {FATHOM_GOLDEN_DIR "/tiny-fp8", true},
      {FATHOM_SOURCE_DIR "/models/fathom-nano", true},
  };
  for (const auto& [folder, has_mtp] : models) {
    const Result<Checkpoint> checkpoint = OpenCheckpoint(folder);
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
    EXPECT_EQ(checkpoint->has_mtp, has_mtp);
    EXPECT_EQ(CheckSmallTensors(*checkpoint).message(), "");
    EXPECT_EQ(CheckAllTensors(*checkpoint).message(), "");
  }
  EXPECT_EQ(OpenCheckpoint(models[2].first).value().generation.temperature, 0.7);
}

// From the definitions of the format, in double, without any of the decoder's code.
TEST(Golden, DequantisedValuesOfTinyFp8) {
  const Checkpoint checkpoint = OpenCheckpoint(FATHOM_GOLDEN_DIR "/tiny-fp8").value();
  int64_t matrices = 0;
  for (const TensorSpec& spec : ModelTensors(checkpoint.config, Mtp::kPresent)) {
    if (spec.storage != Storage::kMatrix) continue;
    ++matrices;
    const auto* codes = static_cast<const uint8_t*>(checkpoint.tensors.Find(spec.name)->view.data);
    const StoredTensor* stored = checkpoint.tensors.Find(spec.name + "_scale_inv");
    const MatrixView view = checkpoint.Matrix(spec.name);
    std::vector<float> row(static_cast<size_t>(view.cols));
    for (int64_t r = 0; r < view.rows; ++r) {
      DequantizeRow(view, r, row.data());
      for (int64_t c = 0; c < view.cols; ++c) {
        const int code = codes[r * view.cols + c], exponent = code >> 3 & 15, mantissa = code & 7;
        const double magnitude =
            exponent == 0 ? std::ldexp(mantissa, -9) : std::ldexp(8 + mantissa, exponent - 10);
        float scale = 0;
        memcpy(&scale,
               static_cast<const char*>(stored->view.data) +
                   4 * (r / 128 * ((view.cols + 127) / 128) + c / 128),
               4);
        ASSERT_EQ(row[static_cast<size_t>(c)], (code >= 128 ? -magnitude : magnitude) * scale)
            << spec.name << " [" << r << ", " << c << "]";
      }
    }
  }
  EXPECT_EQ(matrices, 3 * 7 + 3 + 2 * 9 * 3);  // attention and indexer, dense MLP, experts
}

}  // namespace
}  // namespace fathom
