// The way through the API; what is encoded and refused is tested in src/chat.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "capi/fathom.h"

namespace fathom {
namespace {

struct Called {
  fathom_code code;
  std::string text;    // the answer, or the error
  std::string raised;  // the exception's name
};

using Function = fathom_code (*)(const char*, size_t, fathom_string*);

Called Call(Function function, std::string_view arguments) {
  fathom_string out;
  const fathom_code code = function(arguments.data(), arguments.size(), &out);
  if (code != FATHOM_OK) {
    EXPECT_EQ(out.data, nullptr);
    return {code, fathom_last_error(), fathom_last_error_type()};
  }
  Called called{code, std::string(out.data, out.size), ""};
  fathom_string_free(&out);
  return called;
}

TEST(ChatApi, EncodesTheExampleOfTheModelCard) {
  const Called called = Call(fathom_encode_messages, R"({"thinking_mode": "thinking", "messages": [
      {"role": "user", "content": "hello"},
      {"role": "assistant", "content": "Hello! I am DeepSeek.", "reasoning_content": "thinking..."},
      {"role": "user", "content": "1+1=?"}]})");
  EXPECT_EQ(called.code, FATHOM_OK) << called.text;
  EXPECT_EQ(called.text,
            "<｜begin▁of▁sentence｜><｜User｜>hello<｜Assistant｜></think>Hello! I am DeepSeek."
            "<｜end▁of▁sentence｜><｜User｜>1+1=?<｜Assistant｜><think>");
}

TEST(ChatApi, ParsesACompletion) {
  const Called called = Call(fathom_parse_message,
                             R"({"text": "so</think>2<｜end▁of▁sentence｜>",
                                 "thinking_mode": "thinking"})");
  EXPECT_EQ(called.code, FATHOM_OK) << called.text;
  EXPECT_EQ(
      called.text,
      R"({"role": "assistant", "content": "2", "reasoning_content": "so", "tool_calls": []})");
}

TEST(ChatApi, RefusesWithTheExceptionOfTheOfficialEncoder) {
  Called called = Call(fathom_encode_messages,
                       R"({"messages": [{"role": "x", "content": ""}], "thinking_mode": "chat"})");
  EXPECT_EQ(called.code, FATHOM_INVALID_ARGUMENT);
  EXPECT_EQ(called.raised, "NotImplementedError");
  EXPECT_EQ(called.text, "Unknown role: x");
  called = Call(fathom_parse_message, R"({"text": "no end", "thinking_mode": "chat"})");
  EXPECT_EQ(called.raised, "AssertionError");
  called = Call(fathom_encode_messages, "{}");
  EXPECT_EQ(called.raised, "TypeError");
}

TEST(ChatApi, RefusesWhatIsNoJson) {
  Called called = Call(fathom_encode_messages, "{\"messages\": [,]}");
  EXPECT_EQ(called.code, FATHOM_INVALID_ARGUMENT);
  EXPECT_EQ(called.raised, "JSONDecodeError");
  EXPECT_EQ(called.text, "Expecting value: line 1 column 15 (char 14)");
  called = Call(fathom_parse_message, "{\"text\": \"\xff\", \"thinking_mode\": \"chat\"}");
  EXPECT_EQ(called.code, FATHOM_INVALID_ARGUMENT);
  called = Call(fathom_encode_messages, "");
  EXPECT_EQ(called.code, FATHOM_INVALID_ARGUMENT);
  const std::string deep(100000, '[');
  EXPECT_EQ(Call(fathom_encode_messages, deep).code, FATHOM_INVALID_ARGUMENT);
}

TEST(ChatApi, RefusesNull) {
  fathom_string out;
  EXPECT_EQ(fathom_encode_messages(nullptr, 0, &out), FATHOM_INVALID_ARGUMENT);
  EXPECT_STREQ(fathom_last_error(), "arguments is null");
  EXPECT_EQ(fathom_encode_messages("{}", 2, nullptr), FATHOM_INVALID_ARGUMENT);
  EXPECT_EQ(fathom_parse_message("{}", 2, nullptr), FATHOM_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace fathom
