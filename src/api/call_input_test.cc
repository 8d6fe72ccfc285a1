#include "api/call_input.h"

#include <gtest/gtest.h>

#include "json/parse.h"
#include "json/write.h"

namespace fathom::api {
namespace {

// In one piece, and in two at every place.
std::string Filtered(std::string_view arguments) {
  const std::string whole = InputFilter().Take(arguments);
  for (size_t cut = 0; cut <= arguments.size(); ++cut) {
    InputFilter filter;
    const std::string first = filter.Take(arguments.substr(0, cut));
    EXPECT_EQ(first + filter.Take(arguments.substr(cut)), whole) << "cut at " << cut;
  }
  return whole;
}

TEST(CallInput, WhatIsNoJsonBecomesNull) {
  EXPECT_EQ(Filtered(R"({"a": NaN, "b": [Infinity,-Infinity], "c": NaN})"),
            R"({"a": null, "b": [null,null], "c": null})");
}

TEST(CallInput, EverythingElseStays) {
  for (const std::string_view text : {
           R"({})",
           R"({"NaN": "Infinity", "-": "-Infinity \" NaN \\"})",
           R"({"a": -1, "b": [-0.0, 1E5, -1e-5, 1e400], "c": true, "d": false, "e": null})",
           R"({"a\\": {"NaN\"": "\\\" NaN"}, "ä": "-"})",
       }) {
    ASSERT_TRUE(json::Parse(text).ok()) << text;
    EXPECT_EQ(Filtered(text), text);
  }
}

TEST(CallInput, IsAnObjectWhateverTheTextIs) {
  const auto input = [](std::string_view text) {
    return json::Dump(CallInput(text), json::Style::kCompact);
  };
  EXPECT_EQ(input(R"({"a": [NaN, 1.50]})"), R"({"a":[null,1.50]})");
  for (const std::string_view text : {"", "[]", "NaN", "{", "{\"a\": \"b", "null", "-"}) {
    EXPECT_EQ(input(text), "{}") << text;
  }
}

}  // namespace
}  // namespace fathom::api
