#include "chat/stream_parser.h"

#include <algorithm>
#include <utility>

#include "chat/dsml.h"
#include "chat/plain_block.h"

namespace fathom::chat {
namespace {

// An unknown tag's name is removed up to this length; a longer word is text.
constexpr size_t kMaxUnknownName = 64;
// What may stand between two tags is shorter; more need not be remembered to be found different.
constexpr size_t kGapKept = 8;

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsBlank(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return IsBlank(c); });
}
bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// How many line breaks `text` ends with, two at most: those that belong to a tool block after it.
size_t BlockBreaks(std::string_view text) {
  return text.ends_with("\n\n") ? 2 : text.ends_with("\n") ? 1 : 0;
}

}  // namespace

StreamParser::StreamParser(const StreamOptions& options)
    : options_(options),
      lexer_(this),
      call_(options.limits, &output_),
      state_(options.start_in_reasoning ? State::kReasoning : State::kContent),
      free_state_(state_) {}

void StreamParser::PushText(std::string_view text, std::vector<StreamEvent>* events) {
  if (done()) return;
  output_.Attach(events);
  lexer_.Text(text);
  if (output_.limit_hit()) End(FinishReason::kLimit);
}

void StreamParser::PushSpecial(std::string_view token, std::vector<StreamEvent>* events) {
  if (token == kEos) return Finish(Cause::kEndOfText, events);
  if (done()) return;
  output_.Attach(events);
  lexer_.Special(token);
  if (output_.limit_hit()) End(FinishReason::kLimit);
}

void StreamParser::Finish(Cause cause, std::vector<StreamEvent>* events) {
  if (done()) return;
  output_.Attach(events);
  cut_short_ = cause != Cause::kEndOfText;
  lexer_.End();
  if (!cut_short_) CloseAtEnd();
  if (state_ == State::kReasoning || state_ == State::kContent) FlushFreeText();
  if (output_.limit_hit()) return End(FinishReason::kLimit);
  switch (cause) {
    case Cause::kEndOfText:
    case Cause::kStopString:
      return End(output_.end().complete_calls > 0 ? FinishReason::kToolCalls : FinishReason::kStop);
    case Cause::kLength:
      return End(FinishReason::kLength);
    case Cause::kCancelled:
      return End(FinishReason::kCancelled);
  }
}

// ---- lexemes

void StreamParser::SetState(State state) {
  state_ = state;
  // In a block there is no other text that a plain tag could be mistaken for.
  lexer_.set_plain_tags(state == State::kGap || state == State::kCall);
}

void StreamParser::OnText(std::string_view text) {
  if (output_.limit_hit()) return;
  switch (state_) {
    case State::kReasoning:
    case State::kContent:
      held_.append(text);
      return ReleaseFreeText();
    case State::kUnknownTag:
      return SkipUnknownTag(text);
    case State::kGap:
      return TakeGap(text);
    case State::kCall:
      return call_.TakeText(text);
    case State::kDone:
      return;
  }
}

void StreamParser::OnTag(const Tag& tag) {
  if (output_.limit_hit()) return;
  if (state_ == State::kUnknownTag) SetState(after_unknown_);
  switch (state_) {
    case State::kReasoning:
    case State::kContent:
      return TagInFreeText(tag);
    case State::kGap:
      return TagInGap(tag);
    case State::kCall:
      return TagInCall(tag);
    case State::kUnknownTag:
    case State::kDone:
      return;
  }
}

void StreamParser::OnUnknownTag(std::string_view text) {
  if (output_.limit_hit()) return;
  if (state_ == State::kCall) {
    return call_.TakeLiteral({Lexeme::Kind::kUnknownTag, std::string(text)});
  }
  output_.Mend(Repair::kStrayTag);
  if (state_ != State::kUnknownTag) after_unknown_ = state_;
  if (after_unknown_ != State::kGap) FlushFreeText();
  unknown_bytes_ = 0;
  SetState(State::kUnknownTag);
}

void StreamParser::OnSpecial(std::string_view token) {
  if (output_.limit_hit()) return;
  if (state_ == State::kCall) {
    return call_.TakeLiteral({Lexeme::Kind::kSpecial, std::string(token)});
  }
  if (state_ == State::kUnknownTag) SetState(after_unknown_);
  if (token == kThinkOpen || token == kThinkClose) return ThinkTag(token == kThinkOpen);
  output_.Mend(Repair::kStraySpecial);
  if (state_ != State::kGap) FlushFreeText();
}

void StreamParser::OnCutTag(std::string_view text, bool token) {
  if (!token) return OnText(text);
  if (state_ == State::kCall) return;
  if (!cut_short_) output_.Mend(Repair::kStrayTag);
  held_.resize(held_.size() - BlockBreaks(held_));
}

void StreamParser::ThinkTag(bool opening) {
  if (opening || free_state_ != State::kReasoning) output_.Mend(Repair::kStrayThinkTag);
  if (state_ != State::kGap) FlushFreeText();
  free_state_ = opening ? State::kReasoning : State::kContent;
  if (state_ != State::kGap) SetState(free_state_);
}

// ---- reasoning and content

void StreamParser::ReleaseFreeText() {
  const bool look_for_blocks = state_ == State::kContent && options_.plain_tags;
  for (size_t at = look_for_blocks ? held_.find('<') : held_.npos; at != held_.npos;
       at = held_.find('<', at + 1)) {
    if (!BlockMayBegin(at)) continue;
    const PlainMatch match =
        MatchPlainBlock(std::string_view(held_).substr(at), options_.limits.max_name_bytes);
    if (match == PlainMatch::kYes) return BeginPlainBlock(at);
    if (match == PlainMatch::kNo) continue;
    const size_t keep = at - BlockBreaks(std::string_view(held_).substr(0, at));
    EmitFreeText(std::string_view(held_).substr(0, keep));
    held_.erase(0, keep);
    return;
  }
  const size_t keep = held_.size() - BlockBreaks(held_);
  EmitFreeText(std::string_view(held_).substr(0, keep));
  held_.erase(0, keep);
}

void StreamParser::FlushFreeText() { EmitFreeText(std::exchange(held_, "")); }

void StreamParser::EmitFreeText(std::string_view text) {
  if (text.empty()) return;
  const bool reasoning = state_ == State::kReasoning;
  const EventKind kind = reasoning ? EventKind::kReasoning : EventKind::kContent;
  bool& begun = reasoning ? reasoning_begun_ : content_begun_;
  bool& resumes = reasoning ? reasoning_resumes_ : content_resumes_;
  // The calls stood between two paragraphs.
  if (std::exchange(resumes, false) && begun) output_.Emit(kind, -1, "\n\n");
  begun = begun || !IsBlank(text);
  output_.Emit(kind, -1, text);
}

bool StreamParser::BlockMayBegin(size_t at) const {
  const std::string_view before = std::string_view(held_).substr(0, at);
  return BlockBreaks(before) == 2 || (!content_begun_ && IsBlank(before));
}

void StreamParser::BeginPlainBlock(size_t at) {
  const std::string markup = held_.substr(at);
  held_.resize(at);
  const size_t breaks = BlockBreaks(held_);
  if (breaks < 2 && !in_block_) output_.Mend(Repair::kMissingBlankLine);
  held_.resize(at - breaks);
  FlushFreeText();
  EnterGap();
  gap_ = in_block_ ? ">\n" : ">";
  lexer_.Feed(markup);
}

// Before a block: the line breaks in front of it are part of it, and reasoning ends.
void StreamParser::LeaveFreeText(const Tag& tag) {
  if (state_ == State::kReasoning) output_.Mend(Repair::kUnclosedThinking);
  // "<function_calls>" without the token, but the call in it with the token.
  if (const size_t at = held_.find('<'); at != held_.npos && tag.name == TagName::kInvoke &&
                                         IsPlainBlockStart(std::string_view(held_).substr(at))) {
    output_.Mend(Repair::kTagWithoutToken);
    held_.resize(at);
    in_block_ = true;
  }
  const size_t breaks = BlockBreaks(held_);
  if (breaks < 2 && !in_block_) output_.Mend(Repair::kMissingBlankLine);
  held_.resize(held_.size() - breaks);
  FlushFreeText();
}

void StreamParser::TagInFreeText(const Tag& tag) {
  if (!tag.token) return OnText(tag.text);
  if (!tag.closing && tag.name == TagName::kParameter) {
    LeaveFreeText(tag);
    return OpenStrayParameter(tag);
  }
  if (!tag.closing) {
    LeaveFreeText(tag);
    output_.NoteForm(tag);
    if (tag.name == TagName::kFunctionCalls) return OpenBlock();
    return OpenCall(tag);
  }
  if (tag.name == TagName::kFunctionCalls && in_block_ && !bare_) {
    LeaveFreeText(tag);
    return CloseBlock();
  }
  OnUnknownTag(tag.text);
}

void StreamParser::SkipUnknownTag(std::string_view text) {
  while (!text.empty() && IsNameCharacter(text.front()) && unknown_bytes_ < kMaxUnknownName) {
    text.remove_prefix(1);
    ++unknown_bytes_;
  }
  if (text.empty()) return;
  if (text.front() == '>') text.remove_prefix(1);
  SetState(after_unknown_);
  if (!text.empty()) OnText(text);
}

// ---- the tool block

void StreamParser::OpenBlock() {
  if (std::exchange(any_block_, true)) output_.Mend(Repair::kSecondBlock);
  in_block_ = true;
  bare_ = false;
  EnterGap();
}

void StreamParser::CloseBlock() {
  in_block_ = false;
  EnterGap();
}

void StreamParser::EnterGap() {
  SetState(State::kGap);
  gap_.clear();
  gap_closed_ = false;
}

void StreamParser::TakeGap(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '>' && !gap_closed_) {
      gap_closed_ = true;
    } else if (!IsBlank(text[i])) {
      if (cut_short_ && in_block_) return;  // the beginning of a tag, held until the end
      // Text between calls or behind them is the model's, and goes on with what was before.
      output_.Mend(Repair::kTextAfterCalls);
      SetState(free_state_);
      reasoning_resumes_ = content_resumes_ = true;
      return OnText(text.substr(i));
    }
    if (gap_.size() < kGapKept) gap_.push_back(text[i]);
  }
}

void StreamParser::TagInGap(const Tag& tag) {
  if (gap_ != (in_block_ ? ">\n" : ">")) output_.Mend(Repair::kSpacing);
  output_.NoteForm(tag);
  if (!tag.closing && tag.name == TagName::kFunctionCalls && !in_block_) return OpenBlock();
  if (!tag.closing && tag.name == TagName::kInvoke) return OpenCall(tag);
  if (!tag.closing && tag.name == TagName::kParameter) return OpenStrayParameter(tag);
  if (tag.closing && tag.name == TagName::kFunctionCalls && in_block_) return CloseBlock();
  output_.Mend(Repair::kStrayTag);
  EnterGap();
}

void StreamParser::OpenCall(const Tag& tag) {
  if (!in_block_) {
    output_.Mend(Repair::kBareInvoke);
    in_block_ = bare_ = any_block_ = true;
  }
  SetState(State::kCall);
  call_.OpenInvoke(!tag.token);
}

void StreamParser::OpenStrayParameter(const Tag& tag) {
  output_.Mend(Repair::kStrayTag);
  SetState(State::kCall);
  call_.OpenStrayParameter(!tag.token);
}

void StreamParser::TagInCall(const Tag& tag) {
  switch (call_.TakeTag(tag)) {
    case CallReader::TagUse::kInside:
      return;
    case CallReader::TagUse::kClosed:
      return EnterGap();
    case CallReader::TagUse::kOutside:
      EnterGap();
      gap_ = in_block_ ? ">\n" : ">";
      return TagInGap(tag);
  }
}

// ---- the end

void StreamParser::CloseAtEnd() {
  if (state_ == State::kUnknownTag) SetState(after_unknown_);
  while (state_ == State::kCall && !output_.limit_hit()) {
    const std::vector<Lexeme> markup = call_.CloseAtEnd();
    if (markup.empty()) break;
    for (const Lexeme& lexeme : markup) {
      switch (lexeme.kind) {
        case Lexeme::Kind::kText:
          OnText(lexeme.text);
          break;
        case Lexeme::Kind::kTag:
          OnTag(lexeme.tag);
          break;
        case Lexeme::Kind::kUnknownTag:
          OnUnknownTag(lexeme.text);
          break;
        case Lexeme::Kind::kSpecial:
          OnSpecial(lexeme.text);
          break;
      }
    }
  }
  if (state_ == State::kReasoning) output_.Mend(Repair::kUnclosedThinking);
  if (state_ == State::kGap && !in_block_ && gap_ != ">") output_.Mend(Repair::kSpacing);
  if (in_block_ && !bare_) output_.Mend(Repair::kMissingClose);
}

void StreamParser::End(FinishReason reason) {
  StreamEnd& end = output_.end();
  end.reason = reason;
  end.incomplete_call = call_.open_call();
  if (state_ == State::kReasoning) {
    end.open = OpenSection::kReasoning;
  } else if (end.incomplete_call >= 0 || (state_ == State::kCall && cut_short_)) {
    end.open = OpenSection::kToolCall;
  } else if (in_block_ && !bare_ && cut_short_) {
    end.open = OpenSection::kToolBlock;
  }
  state_ = State::kDone;
  output_.EmitEnd();
}

}  // namespace fathom::chat
