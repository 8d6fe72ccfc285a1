#include "api/json_answer.h"

#include <gtest/gtest.h>

namespace fathom::api {
namespace {

std::string Mended(std::string text, bool* mended = nullptr) {
  const bool changed = MendJson(&text);
  if (mended != nullptr) *mended = changed;
  return text;
}

TEST(MendJson, LeavesJsonAlone) {
  for (const char* text : {R"({"a": 1})", "[]", " {} ", "3", "\"{\""}) {
    bool mended = true;
    EXPECT_EQ(Mended(text, &mended), text);
    EXPECT_FALSE(mended) << text;
  }
}

TEST(MendJson, TakesAwayWhatIsRoundIt) {
  for (const char* text : {"```json\n{\"a\": [1, 2]}\n```", "Here it is: {\"a\": [1, 2]}",
                           "{\"a\": [1, 2]} I hope this helps!",
                           "{\"a\": [1, 2]}\n\n"
                           "```"}) {
    bool mended = false;
    EXPECT_EQ(Mended(text, &mended), "{\"a\": [1, 2]}");
    EXPECT_TRUE(mended) << text;
  }
  EXPECT_EQ(Mended("The list: [1, 2]."), "[1, 2]");
}

TEST(MendJson, WhatCannotBeMendedStays) {
  for (const char* text : {"", "no", "{", "}{", "{\"a\": 1", "{a: 1}", "{} and {}", "[1, 2"}) {
    bool mended = true;
    EXPECT_EQ(Mended(text, &mended), text);
    EXPECT_FALSE(mended) << text;
  }
}

TEST(WantsJson, ForEveryFormatButText) {
  const auto wants = [](json::Value format) {
    AnswerRequest request;
    request.response_format = std::move(format);
    return WantsJson(request);
  };
  EXPECT_FALSE(wants(nullptr));
  EXPECT_FALSE(wants(json::Object{{"type", "text"}}));
  EXPECT_TRUE(wants(json::Object{{"type", "json_object"}}));
  EXPECT_TRUE(wants(json::Object{{"type", "json_schema"}}));
}

}  // namespace
}  // namespace fathom::api
