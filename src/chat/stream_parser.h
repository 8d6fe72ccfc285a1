// The model's output, token by token → reasoning, content and tool calls.
//
// Fed with pieces in any chunking, each plain text or one special token; the events joined are the
// same for every chunking. Where the strict parser (parse.h) accepts a completion, the result is
// the same; what models get wrong is mended and listed (stream_event.h), and no byte of markup
// ever reaches reasoning or content. docs/chat-encoding.md describes the states and the repairs.
//
// Only special tokens switch between reasoning, content and calls, because a user may ask for text
// that looks like markup. One exception: models write tool blocks without the DSML token too, so
// plain "<function_calls>" with "<invoke name=" behind it, or the latter alone, opens a block where
// a block may begin: at the start of the content or after an empty line.
//
// Memory is bounded by StreamLimits. A parser serves one generation, on one thread at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "chat/call_reader.h"
#include "chat/stream_event.h"
#include "chat/stream_lexer.h"
#include "chat/stream_output.h"

namespace fathom::chat {

struct StreamOptions {
  bool start_in_reasoning = false;  // the prompt ended with <think>: Prompt::EndsInReasoning
  bool plain_tags = true;           // false when no tools were offered: no plain text is a block
  StreamLimits limits = {};
};

class StreamParser final : private LexemeSink {
 public:
  explicit StreamParser(const StreamOptions& options);
  StreamParser(const StreamParser&) = delete;
  StreamParser& operator=(const StreamParser&) = delete;

  // Each appends what is certain now to `events`. Nothing happens once done() is true.
  void PushText(std::string_view text, std::vector<StreamEvent>* events);
  // One special token by its whole string; the end-of-sentence token ends the stream.
  void PushSpecial(std::string_view token, std::vector<StreamEvent>* events);

  // Why no more comes.
  enum class Cause { kEndOfText, kStopString, kLength, kCancelled };
  // Ends the stream. Open tags are closed only when the model itself ended: a call that was cut
  // off is never completed by guessing.
  void Finish(Cause cause, std::vector<StreamEvent>* events);

  // After kEnd. Becomes true before the model ended when a limit was hit: stop generating.
  bool done() const { return state_ == State::kDone; }

 private:
  enum class State {
    kReasoning,
    kContent,
    kUnknownTag,  // behind a tag that means nothing, up to its ">"
    kGap,         // in a tool block between calls, or right behind the block
    kCall,
    kDone,
  };

  void OnText(std::string_view text) override;
  void OnTag(const Tag& tag) override;
  void OnUnknownTag(std::string_view text) override;
  void OnSpecial(std::string_view token) override;
  void OnCutTag(std::string_view text, bool token) override;
  void SetState(State state);

  // Reasoning and content.
  void ReleaseFreeText();
  void FlushFreeText();
  void EmitFreeText(std::string_view text);
  bool BlockMayBegin(size_t at) const;
  void BeginPlainBlock(size_t at);
  void LeaveFreeText(const Tag& tag);
  void TagInFreeText(const Tag& tag);
  void ThinkTag(bool opening);
  void SkipUnknownTag(std::string_view text);

  // The tool block, between calls.
  void OpenBlock();
  void CloseBlock();
  void EnterGap();
  void TakeGap(std::string_view text);
  void TagInGap(const Tag& tag);
  void OpenCall(const Tag& tag);
  void OpenStrayParameter(const Tag& tag);
  void TagInCall(const Tag& tag);

  void CloseAtEnd();
  void End(FinishReason reason);

  const StreamOptions options_;
  StreamOutput output_;
  StreamLexer lexer_;
  CallReader call_;
  State state_;
  State after_unknown_ = State::kContent;  // where kUnknownTag returns to
  size_t unknown_bytes_ = 0;               // of its name, so far
  bool cut_short_ = false;                 // ended by someone else than the model

  // The undecided end of the reasoning or content: at most two line breaks, and what may become a
  // tool block in plain text.
  std::string held_;
  State free_state_;  // kReasoning or kContent: which of them text behind a block goes on with
  bool reasoning_begun_ = false;  // some of it was no white space
  bool content_begun_ = false;
  bool reasoning_resumes_ = false;  // its next piece stands behind calls
  bool content_resumes_ = false;

  bool in_block_ = false;
  bool bare_ = false;  // the block has no tags of its own
  bool any_block_ = false;
  std::string gap_;          // its first bytes, enough to compare
  bool gap_closed_ = false;  // the ">" of the tag before it was seen
};

}  // namespace fathom::chat
