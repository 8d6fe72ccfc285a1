// Pieces of a completion → text, tags and special tokens, whatever the chunking.
//
// A tag here is only its beginning, such as "</｜DSML｜invoke"; what follows is text. Text goes on
// at once, except a suffix that may be the beginning of a tag or is half a character. Bytes that
// are not UTF-8 become U+FFFD, so that everything downstream can rely on whole characters.
#pragma once

#include <string>
#include <string_view>

namespace fathom::chat {

enum class TagName { kFunctionCalls, kInvoke, kParameter };

struct Tag {
  TagName name = TagName::kFunctionCalls;
  bool closing = false;
  bool token = false;    // written with the DSML token, not as plain text
  bool bracket = true;   // false: the token without "<" before it
  bool newline = false;  // "<", a line break, "/": the official parser takes that for "</" once
  std::string text;      // as it came
};

// Takes what the lexer finds, in order.
class LexemeSink {
 public:
  virtual void OnText(std::string_view text) = 0;
  virtual void OnTag(const Tag& tag) = 0;
  // "<｜DSML｜" and what could have become a name, but did not.
  virtual void OnUnknownTag(std::string_view text) = 0;
  // Any special token that is not part of a tag.
  virtual void OnSpecial(std::string_view token) = 0;
  // The beginning of a tag at the end of everything; `token` as in Tag.
  virtual void OnCutTag(std::string_view text, bool token) = 0;

 protected:
  ~LexemeSink() = default;
};

class StreamLexer {
 public:
  explicit StreamLexer(LexemeSink* sink) : sink_(*sink) {}

  // Whether tags without the DSML token are tags ("<invoke", or with the token spelled in plain
  // text). The sink may change this, and feed more text, from within its functions.
  void set_plain_tags(bool on) { plain_tags_ = on; }

  void Text(std::string_view bytes);
  void Special(std::string_view token);
  void End();

  // Text that is known to be whole UTF-8, to be read before what comes next.
  void Feed(std::string_view text);

 private:
  enum class Verdict { kMaybe, kTag, kNo };

  bool token_seen() const { return name_start_ != 0; }
  void EndCharacter();
  void Decide();
  Verdict Classify(Tag* tag) const;
  // Gives up on held_ as a tag and passes it on as what it is.
  void Release(std::string_view held);

  LexemeSink& sink_;
  bool plain_tags_ = false;
  std::string carry_;      // the first bytes of a character
  std::string held_;       // what may become a tag; begins with "<", or with the DSML token
  size_t name_start_ = 0;  // where the name begins in held_, once the DSML token is there
  bool bracket_ = false;   // held_ with a token begins with "<"
};

}  // namespace fathom::chat
