#include "checkpoint/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace fathom {
namespace {

std::vector<uint8_t> File(std::string_view header, size_t data_bytes) {
  const uint64_t length = header.size();
  std::vector<uint8_t> file(sizeof(length) + header.size() + data_bytes);
  std::memcpy(file.data(), &length, sizeof(length));
  std::memcpy(file.data() + sizeof(length), header.data(), header.size());
  return file;
}

std::string Failure(std::span<const uint8_t> file) {
  const Result<SafetensorsHeader> header = ParseSafetensors(file);
  return header.ok() ? "read without complaint" : header.status().message();
}

TEST(Safetensors, ReadsEntriesInTheOrderOfTheirData) {
  const std::string header =
      R"({"__metadata__": {"format": "pt"},
          "b": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [4, 16]},
          "empty": {"dtype": "F32", "shape": [0, 7], "data_offsets": [4, 4]},
          "a": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]}}   )";
  const auto file = File(header, 16);
  const SafetensorsHeader parsed = ParseSafetensors(file).value();
  ASSERT_EQ(parsed.entries.size(), 3U);
  const uint64_t data = 8 + header.size();
  EXPECT_EQ(parsed.entries[0].name, "a");
  EXPECT_EQ(parsed.entries[0].shape, Shape());
  EXPECT_EQ(parsed.entries[0].begin, data);
  EXPECT_EQ(parsed.entries[1].name, "empty");
  EXPECT_EQ(parsed.entries[2].name, "b");
  EXPECT_EQ(parsed.entries[2].dtype, DType::kBF16);
  EXPECT_EQ(parsed.entries[2].shape, (Shape{2, 3}));
  EXPECT_EQ(parsed.entries[2].begin, data + 4);
  EXPECT_EQ(parsed.entries[2].end, data + 16);
}

TEST(Safetensors, AFileWithoutTensors) {
  EXPECT_TRUE(ParseSafetensors(File("{}", 0)).value().entries.empty());
}

TEST(Safetensors, SaysWhatIsWrongWithAHeader) {
  const struct {
    std::string header;
    size_t data_bytes;
    std::string message;
  } cases[] = {
      {"[]", 0, "header: expected object, found array"},
      {"{", 0, "header: byte 1: expecting property name enclosed in double quotes"},
      {"{}x", 0, "header: byte 2: extra data"},
      {R"({"a": 1})", 0, "a: expected object, found number"},
      {R"({"a": {}})", 0, "a.dtype: missing"},
      {R"({"a": {"dtype": 3}})", 0, "a.dtype: expected string, found number"},
      {R"({"a": {"dtype": "F8_E5M2", "shape": [4], "data_offsets": [0, 4]}})", 4,
       "a: dtype \"F8_E5M2\" is unknown, expected one of F32, F16, BF16, F8_E4M3, F8_E8M0, I32, "
       "I64, "
       "U8"},
      {R"({"a": {"dtype": "F32"}})", 0, "a.shape: missing"},
      {R"({"a": {"dtype": "F32", "shape": 4}})", 0, "a.shape: expected array, found number"},
      {R"({"a": {"dtype": "F32", "shape": [1, 1, 1, 1, 1], "data_offsets": [0, 4]}})", 4,
       "a.shape: 5 dimensions, expected at most 4"},
      {R"({"a": {"dtype": "F32", "shape": [2, -1], "data_offsets": [0, 4]}})", 4,
       "a.shape: dimension 1 is no size"},
      {R"({"a": {"dtype": "F32", "shape": [1.5], "data_offsets": [0, 4]}})", 4,
       "a.shape: dimension 0 is no size"},
      {R"({"a": {"dtype": "F32", "shape": [4611686018427387904, 4], "data_offsets": [0, 4]}})", 4,
       "a: shape [4611686018427387904, 4] is larger than any file"},
      {R"({"a": {"dtype": "F32", "shape": [1]}})", 4, "a.data_offsets: missing"},
      {R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0]}})", 4,
       "a: data_offsets are not a pair [begin, end]"},
      {R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}})", 4,
       "a: data_offsets are not a pair [begin, end]"},
      {R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}})", 4,
       "a: data_offsets are not a pair [begin, end]"},
      {R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 18446744073709551620]}})", 4,
       "a: data_offsets are not a pair [begin, end]"},
      {R"({"a": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 10]}})", 10,
       "a: data_offsets [0, 10] hold 10 bytes, but BF16 [2, 3] needs 12"},
      {R"({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}})", 10,
       "a: ends at byte 16 of the data, but the file holds 10; it is truncated"},
      {R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
           "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}})",
       12, "a and b overlap: one ends at byte 8 of the data, the other begins at 4"},
      {R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]},
           "b": {"dtype": "F32", "shape": [1], "data_offsets": [8, 12]}})",
       12, "bytes 4 to 8 of the data belong to no tensor"},
      {R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}})", 8,
       "bytes 0 to 4 of the data belong to no tensor"},
      {R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})", 9,
       "bytes 4 to 9 of the data belong to no tensor"},
      {"{}", 1, "bytes 0 to 1 of the data belong to no tensor"},
      {R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]},
           "a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})",
       4, "header: byte 73: duplicate key \"a\""},
      {R"({"a\nb": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})", 4,
       "a tensor name with a character outside printable ASCII"},
      {R"({"é": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})", 4,
       "a tensor name with a character outside printable ASCII"},
      {"{\"" + std::string(513, 'x') + "\": {}}", 4,
       "a tensor name of 513 bytes, more than the limit of 512"},
  };
  for (const auto& c : cases) EXPECT_EQ(Failure(File(c.header, c.data_bytes)), c.message);
}

TEST(Safetensors, ADeeplyNestedHeaderIsRefused) {
  const std::string header = R"({"a": )" + std::string(100'000, '[') + "}";
  EXPECT_THAT(Failure(File(header, 0)), testing::HasSubstr("nested deeper than 4"));
}

TEST(Safetensors, SaysWhatIsWrongWithTheLength) {
  EXPECT_EQ(Failure({}), "0 bytes, too short for a safetensors file");
  EXPECT_EQ(Failure(std::vector<uint8_t>(7)), "7 bytes, too short for a safetensors file");
  std::vector<uint8_t> file = File("{}", 0);
  file[0] = 3;
  EXPECT_EQ(Failure(file), "a header of 3 bytes, but the file ends after 2");
  file[7] = 0xFF;
  EXPECT_EQ(Failure(file),
            "its first 8 bytes give a header of 18374686479671623683 bytes, more than the limit of "
            "100000000");
}

// Whatever is changed in a file, an accepted header stays inside it.
TEST(Safetensors, NoAcceptedHeaderReachesOutsideTheFile) {
  const std::string header =
      R"({"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[16,24]}})";
  const std::vector<uint8_t> valid = File(header, 24);
  std::mt19937 random(1);
  int accepted = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    std::vector<uint8_t> file = valid;
    const auto changes = 1 + random() % 3;
    for (unsigned i = 0; i < changes; ++i) {
      constexpr std::string_view kBytes = "0123456789[]{},:\" abFU";
      file[8 + random() % header.size()] = static_cast<uint8_t>(kBytes[random() % kBytes.size()]);
    }
    if (random() % 4 == 0) file.resize(random() % file.size());
    const Result<SafetensorsHeader> parsed = ParseSafetensors(file);
    if (!parsed.ok()) continue;
    ++accepted;
    for (const SafetensorsEntry& entry : parsed->entries) {
      ASSERT_LE(entry.begin, entry.end);
      ASSERT_LE(entry.end, file.size());
      ASSERT_EQ(static_cast<int64_t>(entry.end - entry.begin),
                TensorBytes(entry.dtype, entry.shape));
    }
  }
  EXPECT_GT(accepted, 0);
}

TEST(TensorBytes, NothingWhereTheProductOverflows) {
  EXPECT_EQ(TensorBytes(DType::kBF16, {3, 5}), 30);
  EXPECT_EQ(TensorBytes(DType::kF32, {int64_t{1} << 61}), std::nullopt);
  EXPECT_EQ(TensorBytes(DType::kU8, {int64_t{1} << 62, 2}), std::nullopt);
  EXPECT_EQ(TensorBytes(DType::kF32, {0, int64_t{1} << 60}), 0);
}

}  // namespace
}  // namespace fathom
