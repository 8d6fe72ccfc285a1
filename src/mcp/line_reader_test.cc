#include "mcp/line_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fathom::mcp {
namespace {

using Lines = std::vector<std::string>;

// `text` arrives `step` bytes at a time.
Lines Read(const std::string& text, size_t step, Status* status, std::string* rest) {
  LineReader reader(10);
  Lines lines;
  for (size_t at = 0; at < text.size() && status->ok(); at += step) {
    *status = reader.Add(std::string_view(text).substr(at, step),
                         [&](std::string_view line) { lines.emplace_back(line); });
  }
  *rest = reader.Rest();
  return lines;
}

TEST(LineReader, FindsLinesHoweverTheyArrive) {
  for (const size_t step : {1, 2, 3, 100}) {
    Status status;
    std::string rest;
    EXPECT_EQ(Read("one\r\n\ntwo\n0123456789\nth\rree\nend", step, &status, &rest),
              (Lines{"one", "", "two", "0123456789", "th\rree"}))
        << step;
    EXPECT_TRUE(status.ok());
    EXPECT_EQ(rest, "end");
  }
}

TEST(LineReader, ALineThatIsTooLongEndsIt) {
  for (const size_t step : {1, 4, 100}) {
    for (const char* tail : {"", "\n", "\nnext\n"}) {
      Status status;
      std::string rest;
      EXPECT_EQ(Read(std::string("one\n01234567890") + tail, step, &status, &rest), (Lines{"one"}));
      EXPECT_EQ(status.code(), Code::kResourceExhausted);
      EXPECT_LE(rest.size(), 10U);
    }
  }
}

}  // namespace
}  // namespace fathom::mcp
