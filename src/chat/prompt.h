// A prompt in two kinds of segments: special tokens, and text that must not be searched for them.
//
// The official encoder returns one string, in which a special string that a user typed is
// tokenized as the real thing. Here only what the encoder itself wrote as a special token is one;
// Joined() still is the official string byte for byte. Neighbouring text is one segment whoever
// wrote it, because the tokenizer's words may cross from the template into the user's text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fathom::chat {

struct Segment {
  std::string text;      // for a special token its whole string, such as "<｜User｜>"
  bool special = false;  // exactly one special token; otherwise plain text, all of it
  bool operator==(const Segment&) const = default;
};

class Prompt {
 public:
  // Text of others, or of ours without special tokens.
  void AddText(std::string_view text);
  // One special token.
  void AddSpecial(std::string_view token);
  // Text of ours in which special strings stand for their tokens. Never text of others.
  void AddTemplate(std::string_view text);

  const std::vector<Segment>& segments() const { return segments_; }
  // The prompt as one string, equal to the official one.
  std::string Joined() const;
  // True when the model continues inside its reasoning: the prompt ends with <think>.
  bool EndsInReasoning() const;

  bool operator==(const Prompt&) const = default;

 private:
  std::vector<Segment> segments_;
};

}  // namespace fathom::chat
