#include "runtime/golden_file.h"

#include <gtest/gtest.h>

#include <cstring>

#include "json/value.h"
#include "json/write.h"
#include "support/temp_dir.h"

namespace fathom {
namespace {

struct Entry {
  std::string name, dtype;
  std::vector<int64_t> shape;
};

// A safetensors file with zeros for data.
std::string WriteFile(const test::TempDir& folder, const std::vector<Entry>& entries) {
  json::Object header;
  int64_t offset = 0;
  for (const Entry& entry : entries) {
    json::Array shape;
    int64_t bytes = 4;
    for (const int64_t dim : entry.shape) {
      shape.push_back(dim);
      bytes *= dim;
    }
    header.Set(entry.name, json::Object{{"dtype", entry.dtype},
                                        {"shape", std::move(shape)},
                                        {"data_offsets", json::Array{offset, offset + bytes}}});
    offset += bytes;
  }
  std::string text = json::Dump(header, json::Style::kCompact);
  while (text.size() % 8 != 0) text += ' ';
  std::string file(8, '\0');
  const uint64_t size = text.size();
  std::memcpy(file.data(), &size, 8);
  file += text + std::string(static_cast<size_t>(offset), '\0');
  return folder.Write("golden.safetensors", file);
}

std::string ErrorOf(const std::vector<Entry>& entries) {
  const test::TempDir folder;
  const std::string path = WriteFile(folder, entries);
  const auto cases = ReadGolden(path);
  if (cases.ok()) return "";
  std::string message = cases.status().message();
  EXPECT_TRUE(message.starts_with(path + ": ")) << message;
  return message.substr(path.size() + 2);
}

TEST(ReadGolden, CasesComeByLength) {
  const test::TempDir folder;
  const auto cases = ReadGolden(WriteFile(folder, {{"long.ids", "I32", {9}},
                                                   {"short.ids", "I32", {2}},
                                                   {"short.logits", "F32", {2, 5}},
                                                   {"short.topk.3", "I32", {1, 2}}}));
  ASSERT_TRUE(cases.ok()) << cases.status().message();
  ASSERT_EQ(cases->size(), 2U);
  EXPECT_EQ((*cases)[0].name, "short");
  EXPECT_EQ((*cases)[0].logits->cols, 5);
  EXPECT_EQ((*cases)[0].topk.at(3).cols, 2);
  EXPECT_EQ((*cases)[1].size(), 9);
}

TEST(ReadGolden, EveryNameIsComparedOrRefused) {
  EXPECT_EQ(ErrorOf({{"a.ids", "I32", {1}}, {"a.probabilities", "F32", {1, 2}}}),
            "a.probabilities: is none of ids, positions, logits, mtp_logits, hidden.N, topk.N, "
            "greedy, margin");
  EXPECT_EQ(ErrorOf({{"ids", "I32", {1}}}), "ids: expected CASE.NAME");
}

TEST(ReadGolden, RowsMustFit) {
  EXPECT_EQ(ErrorOf({{"a.logits", "F32", {1, 2}}}), "a: has no ids");
  EXPECT_EQ(ErrorOf({{"a.ids", "I32", {3}}, {"a.logits", "F32", {2, 5}}}),
            "a: logits has 2 rows, expected 3");
  EXPECT_EQ(ErrorOf({{"a.ids", "I32", {3}}, {"a.mtp_logits", "F32", {3, 5}}}),
            "a: mtp_logits has 3 rows, expected 2");
  EXPECT_EQ(ErrorOf({{"a.ids", "I32", {3}}, {"a.hidden.0", "F32", {4, 5}}}),
            "a: hidden.0 has too many rows");
  EXPECT_EQ(ErrorOf({{"a.ids", "I32", {3}}, {"a.greedy", "I32", {4}}, {"a.margin", "F32", {3}}}),
            "a: margin has 3 elements, greedy 4");
}

TEST(ReadGolden, TypesMustFit) {
  EXPECT_EQ(ErrorOf({{"a.ids", "F32", {3}}}), "a.ids: has type F32, expected I32");
  EXPECT_EQ(ErrorOf({{"a.ids", "I32", {3, 1}}}), "a.ids: has shape [3, 1], expected one dimension");
}

}  // namespace
}  // namespace fathom
