#include "api/errors.h"

#include <gtest/gtest.h>

#include "base/utf8.h"
#include "json/parse.h"
#include "json/write.h"

namespace fathom::api {
namespace {

std::string Text(const json::Value& value) { return json::Dump(value, json::Style::kCompact); }

TEST(Errors, APathBelongsToOneDialect) {
  for (const char* path : {"/v1/messages", "/v1/messages/count_tokens", "/messages", "/anthropic",
                           "/anthropic/v1/messages", "/anthropic/v1/models"}) {
    EXPECT_EQ(DialectOf(path), Dialect::kAnthropic) << path;
  }
  for (const char* path : {"/v1/chat/completions", "/v1/models", "/", "", "/v1/messagesx",
                           "/anthropics/v1", "/v1/responses"}) {
    EXPECT_EQ(DialectOf(path), Dialect::kOpenAi) << path;
  }
}

TEST(Errors, ABadFieldIsNamed) {
  EXPECT_EQ(Text(ErrorBody(Dialect::kOpenAi, InvalidArgument("top_p: 3 is outside [0, 1]"))),
            R"({"error":{"message":"top_p: 3 is outside [0, 1]","type":"invalid_request_error",)"
            R"("param":"top_p","code":null}})");
  const json::Value nested = ErrorBody(
      Dialect::kOpenAi, Unsupported("messages[2].content[0]: a part of type 'image_url'"));
  EXPECT_EQ(nested.Find("error")->Find("param")->string(), "messages[2].content[0]");
  const json::Value none = ErrorBody(Dialect::kOpenAi, InvalidArgument("byte 3: expecting value"));
  EXPECT_TRUE(none.Find("error")->Find("param")->is_null());
  EXPECT_EQ(Text(ErrorBody(Dialect::kAnthropic, InvalidArgument("max_tokens: missing"))),
            R"({"type":"error","error":{"type":"invalid_request_error",)"
            R"("message":"max_tokens: missing"}})");
}

TEST(Errors, EveryCodeHasItsStatus) {
  EXPECT_EQ(HttpStatus(Code::kInvalidArgument), 400);
  EXPECT_EQ(HttpStatus(Code::kUnsupported), 400);
  EXPECT_EQ(HttpStatus(Code::kNotFound), 404);
  EXPECT_EQ(HttpStatus(Code::kResourceExhausted), 429);
  EXPECT_EQ(HttpStatus(Code::kCancelled), 499);
  EXPECT_EQ(HttpStatus(Code::kDataLoss), 500);
  EXPECT_EQ(HttpStatus(Code::kInternal), 500);
}

TEST(Errors, WhatFailedInsideStaysInside) {
  for (const Dialect dialect : {Dialect::kOpenAi, Dialect::kAnthropic}) {
    const http::Response response =
        ErrorResponse(dialect, Internal("open /etc/secret: permission denied"));
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(response.body.find("secret"), std::string::npos) << response.body;
    EXPECT_NE(response.body.find("its log says why"), std::string::npos) << response.body;
  }
}

TEST(Errors, AMessageIsCutBetweenCharacters) {
  std::string message = "model: ";
  while (message.size() < 1 << 20) message += "é€𝄞";
  const http::Response response = ErrorResponse(Dialect::kOpenAi, 400, message);
  EXPECT_LT(response.body.size(), 3000u);
  EXPECT_TRUE(IsValidUtf8(response.body));
  EXPECT_TRUE(json::Parse(response.body).ok());
  // A field's name can be as long as the client likes.
  const http::Response field =
      ErrorResponse(Dialect::kOpenAi, 400, std::string(1 << 20, 'x') + ": no");
  EXPECT_LT(field.body.size(), 5000u);
}

}  // namespace
}  // namespace fathom::api
