// One tool call of the stream: from behind "<｜DSML｜invoke" to its closing tag.
//
// Writes the call's name as soon as it is complete and its arguments as they come, in the form of
// the strict parser: {"city": "Oslo", "days": [1, 2]}. The text of a string="true" value goes on
// at once. Any other value is written when it is complete, because only then it is known to be
// JSON, and what was written can't be taken back.
//
// A value may hold markup: the official parser ends it at "</｜DSML｜parameter" and nowhere else.
// But a model may also forget that tag, and then the markup after it is real. So from the first
// such tag in a value everything is put aside, as "suspects": the closing tag makes them part of
// the value, the end of the text makes them markup.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "chat/stream_lexer.h"
#include "chat/stream_output.h"

namespace fathom::chat {

// Beyond any of these the stream ends with FinishReason::kLimit; the calls complete by then are
// kept.
struct StreamLimits {
  int max_calls = 128;
  size_t max_argument_bytes = size_t{1} << 20;  // of one call, as JSON
  size_t max_name_bytes = 256;                  // of a function or parameter
};

// A lexeme put aside.
struct Lexeme {
  enum class Kind { kText, kTag, kUnknownTag, kSpecial } kind;
  std::string text;
  Tag tag = {};
};

class CallReader {
 public:
  CallReader(const StreamLimits& limits, StreamOutput* output)
      : limits_(limits), output_(*output) {}

  // `plain`: the tag was written without the DSML token, so its inner tags may be too.
  void OpenInvoke(bool plain);
  // A parameter outside of any call: read like one, told to nobody.
  void OpenStrayParameter(bool plain);

  void TakeText(std::string_view text);
  // Special tokens and unknown tags are text here.
  void TakeLiteral(Lexeme lexeme);
  enum class TagUse {
    kInside,   // part of the call
    kClosed,   // the call's own closing tag
    kOutside,  // the call was closed for it; it belongs to what is around
  };
  TagUse TakeTag(const Tag& tag);

  // The text is complete: closes the value that is open, and with it the call unless lexemes come
  // back. Those were put aside and turn out to be markup; they are to be read next.
  std::vector<Lexeme> CloseAtEnd();

  // A call has begun and is not complete; its index, or -1.
  int open_call() const { return in_call_ ? calls_ - 1 : -1; }

 private:
  enum class State { kHead, kBody, kParameterHead, kValue };
  enum class ValueForm { kString, kJson, kEither };

  // The tag of the call.
  void ResolveHead(bool complete);
  void BeginCall(std::string_view name);
  void DropCall();
  void EndCall();

  // Between parameters.
  void EnterBody(bool after_head);
  void TakeBody(std::string_view text);
  TagUse TagInBody(const Tag& tag);
  bool BodyIsBlank() const;
  void CloseBody();
  bool TakeJsonBody(std::string_view text);

  // A parameter.
  void OpenParameter(bool plain);
  bool ClosesParameter(const Tag& tag) const;
  TagUse TagInParameter(const Tag& tag);
  void TakeParameterHead(std::string_view text);
  void CheckParameterHead();
  bool ResolveParameterHead();
  void PutAside(Lexeme lexeme);
  void TakeSuspectsAsValue();
  void BeginValue(std::string_view key, ValueForm form);
  void AppendValue(std::string_view text);
  void EndValue(bool by_repair);
  std::string JsonValue(std::string_view raw);
  void WriteKey(std::string_view key);
  void Write(std::string_view arguments);

  const StreamLimits limits_;
  StreamOutput& output_;
  State state_ = State::kHead;
  bool ending_ = false;  // the text is complete: no closing tag will come

  int calls_ = 0;          // begun so far
  bool in_call_ = false;   // a call with a name is open
  bool dropping_ = false;  // it has none: read on, tell nothing
  bool plain_invoke_ = false;
  std::string head_;  // the attributes of the tag so far
  std::string body_;
  bool after_head_ = false;  // body_ follows the call's tag, not a parameter
  std::unordered_set<std::string> keys_;
  size_t argument_bytes_ = 0;

  bool plain_parameter_ = false;
  ValueForm form_ = ValueForm::kString;
  bool skip_value_ = false;       // of a duplicate, or of a dropped call
  std::string value_;             // of a value that is not written as it comes
  bool line_break_ = false;       // a string value's last line break, not written yet
  bool value_slash_ = false;      // the value ends with "/"
  std::vector<Lexeme> suspects_;  // empty outside of parameters
  size_t suspect_bytes_ = 0;
  size_t suspect_at_ = 0;  // where they begin in head_
};

}  // namespace fathom::chat
