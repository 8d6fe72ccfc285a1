#include "talk/message_reader.h"

#include <gtest/gtest.h>

#include <deque>

namespace fathom {
namespace {

using Kind = Input::Kind;

// Reads `lines`; after them, the end.
class Typed {
 public:
  explicit Typed(std::deque<LineRead> lines) : lines_(std::move(lines)) {}

  Input Next() { return reader_.Next(); }
  const std::string& prompts() const { return prompts_; }

 private:
  std::deque<LineRead> lines_;
  std::string prompts_;
  MessageReader reader_{[this](std::string_view prompt) {
    prompts_ += prompt;
    if (lines_.empty()) return LineRead{LineRead::Kind::kEnd};
    LineRead read = lines_.front();
    lines_.pop_front();
    return read;
  }};
};

LineRead Line(std::string text) { return {LineRead::Kind::kLine, std::move(text)}; }
LineRead Pasted(std::string text) { return {LineRead::Kind::kLine, std::move(text), true}; }

void ExpectInput(const Input& input, Kind kind, std::string_view text) {
  EXPECT_EQ(input.kind, kind);
  EXPECT_EQ(input.text, text);
}

TEST(MessageReader, LinesAreMessagesOrCommands) {
  Typed typed({Line(""), Line("  "), Line("hello"), Line("/help"), Line(" /etc is what?")});
  ExpectInput(typed.Next(), Kind::kMessage, "hello");
  ExpectInput(typed.Next(), Kind::kCommand, "/help");
  ExpectInput(typed.Next(), Kind::kMessage, " /etc is what?");
  ExpectInput(typed.Next(), Kind::kEnd, "");
}

TEST(MessageReader, ABackslashGoesOn) {
  Typed typed({Line("one\\"), Line("two\\"), Line("three"), Line("four")});
  ExpectInput(typed.Next(), Kind::kMessage, "one\ntwo\nthree");
  EXPECT_EQ(typed.prompts(), "> . . ");
  ExpectInput(typed.Next(), Kind::kMessage, "four");
}

TEST(MessageReader, QuotesHoldSeveralLines) {
  Typed typed({Line("\"\"\""), Line("one"), Line(""), Line("/two\\"), Line("\"\"\""),
               Line("\"\"\"a"), Line("b\"\"\""), Line("\"\"\"c\"\"\"")});
  ExpectInput(typed.Next(), Kind::kMessage, "one\n\n/two\\");
  ExpectInput(typed.Next(), Kind::kMessage, "a\nb");
  ExpectInput(typed.Next(), Kind::kMessage, "c");
}

TEST(MessageReader, APasteIsOneMessageWhateverItHolds) {
  Typed typed({Pasted("/quit\nline\\"), Line("\"\"\""), Pasted("x\n\"\"\""), Line("y\"\"\"")});
  ExpectInput(typed.Next(), Kind::kMessage, "/quit\nline\\");
  ExpectInput(typed.Next(), Kind::kMessage, "x\n\"\"\"\n\ny");
}

TEST(MessageReader, CtrlCDropsWhatWasBegun) {
  Typed typed({Line("one\\"),
               {LineRead::Kind::kInterrupted},
               Line("\"\"\"two"),
               {LineRead::Kind::kInterrupted},
               Line("three")});
  ExpectInput(typed.Next(), Kind::kInterrupted, "");
  ExpectInput(typed.Next(), Kind::kInterrupted, "");
  ExpectInput(typed.Next(), Kind::kMessage, "three");
}

TEST(MessageReader, TheEndEndsTheMessage) {
  Typed typed({Line("one\\")});
  ExpectInput(typed.Next(), Kind::kMessage, "one");
  ExpectInput(typed.Next(), Kind::kEnd, "");
}

}  // namespace
}  // namespace fathom
