#include "chat/call_reader.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "chat/dsml.h"
#include "chat/tag_attributes.h"
#include "json/parse.h"
#include "json/write.h"

namespace fathom::chat {
namespace {

constexpr std::string_view kBlanks = " \t\n\r";

// A tag's attributes may take this much beside the name itself.
constexpr size_t kAttributeSlack = 64;

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// Without all the white space that Python's str.strip takes.
std::string_view StrippedAsPython(std::string_view text) {
  text.remove_prefix(LeadingSpace(text));
  while (!text.empty()) {
    size_t last = text.size() - 1;
    while (last > 0 && (text[last] & 0xC0) == 0x80) --last;
    if (LeadingSpace(text.substr(last)) != text.size() - last) break;
    text.remove_suffix(text.size() - last);
  }
  return text;
}

bool IsJson(std::string_view text) {
  return std::holds_alternative<json::Value>(json::ParseOrError(text, {.python_constants = true}));
}

std::string Quoted(std::string_view text) {
  std::string quoted;
  json::DumpString(text, &quoted);
  return quoted;
}

}  // namespace

void CallReader::OpenInvoke(bool plain) {
  if (calls_ == limits_.max_calls) return output_.HitLimit(LimitHit::kCalls);
  state_ = State::kHead;
  head_.clear();
  dropping_ = false;
  plain_invoke_ = plain;
}

void CallReader::OpenStrayParameter(bool plain) {
  dropping_ = true;
  plain_invoke_ = plain;
  OpenParameter(plain);
}

void CallReader::TakeText(std::string_view text) {
  if (!suspects_.empty()) return TakeLiteral({Lexeme::Kind::kText, std::string(text)});
  switch (state_) {
    case State::kHead:
      head_.append(text);
      return ResolveHead(false);
    case State::kBody:
      return TakeBody(text);
    case State::kParameterHead:
      return TakeParameterHead(text);
    case State::kValue:
      return AppendValue(text);
  }
}

void CallReader::TakeLiteral(Lexeme lexeme) {
  if (suspects_.empty()) return TakeText(lexeme.text);
  const std::string text = lexeme.text;
  PutAside(std::move(lexeme));
  if (state_ == State::kParameterHead) TakeParameterHead(text);
}

CallReader::TagUse CallReader::TakeTag(const Tag& tag) {
  switch (state_) {
    case State::kHead:
      // Plain tags count once the name is complete; a token without its bracket never does.
      if (!tag.bracket || (!tag.token && !plain_invoke_)) {
        TakeText(tag.text);
        return TagUse::kInside;
      }
      ResolveHead(true);
      return output_.limit_hit() ? TagUse::kInside : TagInBody(tag);
    case State::kBody:
      return TagInBody(tag);
    case State::kParameterHead:
    case State::kValue:
      return TagInParameter(tag);
  }
  return TagUse::kInside;
}

std::vector<Lexeme> CallReader::CloseAtEnd() {
  ending_ = true;
  output_.Mend(Repair::kMissingClose);
  switch (state_) {
    case State::kHead: {
      // A tag that was cut off is no call.
      const auto attributes = ReadTagAttributes(head_);
      if (!attributes || !attributes->name) {
        output_.Mend(Repair::kDroppedCall);
        return {};
      }
      ResolveHead(true);
      break;
    }
    case State::kBody:
      break;
    case State::kParameterHead:
      // Neither is a call with a parameter that was cut off complete.
      if (!ResolveParameterHead()) return {};
      [[fallthrough]];
    case State::kValue: {
      std::vector<Lexeme> markup = std::exchange(suspects_, {});
      suspect_bytes_ = 0;
      EndValue(true);
      // "</parameter>" without the token was the closing tag after all.
      if (!markup.empty() && markup.front().kind == Lexeme::Kind::kTag &&
          markup.front().tag.closing && markup.front().tag.name == TagName::kParameter) {
        output_.NoteForm(markup.front().tag);
        markup.erase(markup.begin());
        EnterBody(false);
      }
      if (!markup.empty()) return markup;
      break;
    }
  }
  if (output_.limit_hit()) return {};
  CloseBody();
  EndCall();
  return {};
}

// ---- the tag of the call

void CallReader::ResolveHead(bool complete) {
  // The name ends at the first `">`, as it does for the official parser unless the name itself
  // holds that.
  constexpr std::string_view kName = "name=\"";
  const std::string_view window =
      std::string_view(head_).substr(0, limits_.max_name_bytes + kAttributeSlack);
  const std::string_view rest = window.substr(LeadingSpace(window));
  const size_t quote = rest.starts_with(kName) ? rest.find("\">", kName.size()) : rest.npos;
  if (quote != rest.npos) {
    const std::string name(rest.substr(kName.size(), quote - kName.size()));
    const size_t end = static_cast<size_t>(rest.data() - head_.data()) + quote + 1;
    const std::string body = head_.substr(end);
    BeginCall(name);
    EnterBody(true);
    return TakeBody(body);
  }
  const bool may_match = rest.starts_with(kName) || kName.starts_with(rest);
  const bool full = window.size() == limits_.max_name_bytes + kAttributeSlack;
  if (may_match && !complete && !full) return;
  const auto attributes = ReadTagAttributes(window);
  if (!attributes && !complete) {
    if (full) output_.HitLimit(LimitHit::kNameBytes);
    return;
  }
  output_.Mend(Repair::kAttributes);
  const std::string body = attributes ? head_.substr(attributes->end) : "";
  if (attributes && attributes->name) {
    BeginCall(std::string(*attributes->name));
  } else {
    DropCall();
  }
  EnterBody(true);
  TakeBody(">" + body);
}

void CallReader::BeginCall(std::string_view name) {
  if (name.size() > limits_.max_name_bytes) return output_.HitLimit(LimitHit::kNameBytes);
  in_call_ = true;
  keys_.clear();
  argument_bytes_ = 0;
  output_.Emit(EventKind::kToolCall, calls_++, name);
}

void CallReader::DropCall() {
  output_.Mend(Repair::kDroppedCall);
  dropping_ = true;
}

void CallReader::EndCall() {
  if (output_.limit_hit() || !std::exchange(in_call_, false)) return;
  output_.Emit(EventKind::kToolArguments, calls_ - 1, keys_.empty() ? "{}" : "}");
  output_.Emit(EventKind::kToolCallEnd, calls_ - 1, "");
  output_.CallCompleted();
}

// ---- between parameters

void CallReader::EnterBody(bool after_head) {
  state_ = State::kBody;
  body_.clear();
  after_head_ = after_head;
}

void CallReader::TakeBody(std::string_view text) {
  body_.append(text);
  if (body_.size() > limits_.max_argument_bytes) output_.HitLimit(LimitHit::kArgumentBytes);
}

CallReader::TagUse CallReader::TagInBody(const Tag& tag) {
  // In a JSON object or any other text only tags of the call's own form are tags.
  if (!tag.bracket || (!tag.token && !plain_invoke_ && !BodyIsBlank())) {
    TakeBody(tag.text);
    return TagUse::kInside;
  }
  CloseBody();
  if (output_.limit_hit()) return TagUse::kInside;
  if (tag.name == TagName::kParameter && !tag.closing) {
    output_.NoteForm(tag);
    OpenParameter(!tag.token);
    return TagUse::kInside;
  }
  if (tag.name == TagName::kParameter || (tag.name == TagName::kFunctionCalls && !tag.closing)) {
    output_.NoteForm(tag);
    output_.Mend(Repair::kStrayTag);
    EnterBody(false);
    return TagUse::kInside;
  }
  EndCall();
  if (tag.name == TagName::kInvoke && tag.closing) {
    output_.NoteForm(tag);
    return TagUse::kClosed;
  }
  if (!dropping_) output_.Mend(Repair::kMissingClose);
  return TagUse::kOutside;
}

bool CallReader::BodyIsBlank() const {
  std::string_view text = Trimmed(body_);
  if (text.starts_with(">")) text.remove_prefix(1);
  return Trimmed(text).empty();
}

void CallReader::CloseBody() {
  if (body_ == ">\n" || (after_head_ && body_ == ">\n\n")) return;
  std::string_view text = Trimmed(body_);
  if (text.starts_with(">")) text.remove_prefix(1);
  text = Trimmed(text);
  if (text.empty()) {
    output_.Mend(Repair::kSpacing);
  } else if (!dropping_ && TakeJsonBody(text)) {
    output_.Mend(Repair::kJsonBody);
  } else {
    output_.Mend(Repair::kDroppedText);
  }
}

bool CallReader::TakeJsonBody(std::string_view text) {
  const auto parsed = json::ParseOrError(text, {.python_constants = true});
  const auto* value = std::get_if<json::Value>(&parsed);
  if (value == nullptr || !value->is_object()) return false;
  for (const json::Member& member : value->object()) {
    if (keys_.contains(member.key)) {
      output_.Mend(Repair::kDuplicateParameter);
      continue;
    }
    WriteKey(member.key);
    Write(json::Dump(member.value, json::Style::kPython));
  }
  return true;
}

// ---- a parameter

void CallReader::OpenParameter(bool plain) {
  state_ = State::kParameterHead;
  plain_parameter_ = plain;
  head_.clear();
  suspects_.clear();
  suspect_bytes_ = suspect_at_ = 0;
}

bool CallReader::ClosesParameter(const Tag& tag) const {
  return tag.closing && tag.name == TagName::kParameter && tag.bracket &&
         (tag.token || plain_parameter_);
}

CallReader::TagUse CallReader::TagInParameter(const Tag& tag) {
  if (ClosesParameter(tag)) {
    if (state_ == State::kParameterHead && !ResolveParameterHead()) {
      output_.Mend(Repair::kDroppedText);
      suspects_.clear();
    } else {
      TakeSuspectsAsValue();
      EndValue(false);
    }
    output_.NoteForm(tag);
    EnterBody(false);
    return TagUse::kInside;
  }
  // The official parser stops at "/｜DSML｜parameter", "<" or not, and refuses. (What is put aside
  // is looked at when it becomes part of the value.)
  const bool slash =
      state_ == State::kParameterHead ? head_.ends_with('/') : suspects_.empty() && value_slash_;
  if (!tag.bracket && tag.name == TagName::kParameter && slash) output_.Mend(Repair::kStrayTag);

  const bool own_form = tag.token || plain_parameter_;
  const bool closing_without_token = tag.closing && tag.name == TagName::kParameter;
  const bool suspect = tag.bracket && (own_form || closing_without_token);
  if (suspect && ending_) {
    if (state_ == State::kParameterHead && !ResolveParameterHead()) {
      output_.Mend(Repair::kDroppedText);
      EnterBody(false);
    } else {
      EndValue(true);
    }
    output_.Mend(Repair::kMissingClose);
    if (!closing_without_token) return TagInBody(tag);
    output_.NoteForm(tag);
    EnterBody(false);
    return TagUse::kInside;
  }
  if (suspect || !suspects_.empty()) {
    if (suspects_.empty()) suspect_at_ = head_.size();
    PutAside({Lexeme::Kind::kTag, tag.text, tag});
    if (state_ == State::kParameterHead) TakeParameterHead(tag.text);
    return TagUse::kInside;
  }
  TakeText(tag.text);
  return TagUse::kInside;
}

void CallReader::TakeParameterHead(std::string_view text) {
  head_.append(text);
  CheckParameterHead();
}

// Looks for the end of the attributes in the official form: the first `" string="…">`, whatever
// the name holds.
void CallReader::CheckParameterHead() {
  constexpr std::string_view kStart = " name=\"";
  constexpr std::string_view kTrue = "\" string=\"true\">", kFalse = "\" string=\"false\">";
  const size_t width = limits_.max_name_bytes + kAttributeSlack;
  const std::string_view window = std::string_view(head_).substr(0, width);
  if (window.starts_with(kStart)) {
    const size_t if_true = window.find(kTrue, kStart.size());
    const size_t if_false = window.find(kFalse, kStart.size());
    if (if_true != if_false) {
      const bool is_string = if_true < if_false;
      const size_t end = is_string ? if_true : if_false;
      const std::string key(window.substr(kStart.size(), end - kStart.size()));
      const std::string value = head_.substr(end + (is_string ? kTrue : kFalse).size());
      // Tags before this point were part of the name; `value` is the end of the last text.
      suspects_.clear();
      suspect_bytes_ = 0;
      BeginValue(key, is_string ? ValueForm::kString : ValueForm::kJson);
      return AppendValue(value);
    }
  }
  if (window.size() < width) return;
  // Too long for a name in that form: any form will do, and what was put aside is read again.
  std::vector<Lexeme> aside = suspects_;
  if (!ResolveParameterHead()) return output_.HitLimit(LimitHit::kNameBytes);
  suspects_.clear();
  suspect_bytes_ = 0;
  for (const Lexeme& lexeme : aside) {
    if (lexeme.kind == Lexeme::Kind::kTag) {
      TagInParameter(lexeme.tag);
    } else {
      TakeLiteral(lexeme);
    }
  }
}

// Reads head_, up to what was put aside, as attributes in any form and begins the value; what was
// put aside stays so. False when the attributes are not complete.
bool CallReader::ResolveParameterHead() {
  const std::string head = suspects_.empty() ? head_ : head_.substr(0, suspect_at_);
  const auto attributes =
      ReadTagAttributes(std::string_view(head).substr(0, limits_.max_name_bytes + kAttributeSlack));
  if (!attributes || !attributes->name) return false;
  output_.Mend(Repair::kAttributes);
  BeginValue(*attributes->name, !attributes->is_string.has_value() ? ValueForm::kEither
                                : *attributes->is_string           ? ValueForm::kString
                                                                   : ValueForm::kJson);
  AppendValue(std::string_view(head).substr(attributes->end));
  return true;
}

void CallReader::PutAside(Lexeme lexeme) {
  // Attributes have their own limit, see CheckParameterHead.
  if (state_ == State::kValue) suspect_bytes_ += lexeme.text.size();
  if (suspect_bytes_ > limits_.max_argument_bytes) output_.HitLimit(LimitHit::kArgumentBytes);
  if (!suspects_.empty() && lexeme.kind == Lexeme::Kind::kText &&
      suspects_.back().kind == Lexeme::Kind::kText) {
    suspects_.back().text += lexeme.text;
  } else {
    suspects_.push_back(std::move(lexeme));
  }
}

void CallReader::TakeSuspectsAsValue() {
  for (const Lexeme& lexeme : std::exchange(suspects_, {})) {
    if (lexeme.kind == Lexeme::Kind::kTag && !lexeme.tag.bracket && value_slash_ &&
        lexeme.tag.name == TagName::kParameter) {
      output_.Mend(Repair::kStrayTag);
    }
    AppendValue(lexeme.text);
  }
  suspect_bytes_ = 0;
}

void CallReader::BeginValue(std::string_view key, ValueForm form) {
  if (key.size() > limits_.max_name_bytes) output_.HitLimit(LimitHit::kNameBytes);
  state_ = State::kValue;
  form_ = form;
  value_.clear();
  line_break_ = value_slash_ = false;
  const bool duplicate = !dropping_ && keys_.contains(std::string(key));
  if (duplicate) output_.Mend(Repair::kDuplicateParameter);
  skip_value_ = dropping_ || duplicate;
  if (skip_value_) return;
  WriteKey(key);
  if (form == ValueForm::kString) Write("\"");
}

void CallReader::AppendValue(std::string_view text) {
  if (text.empty()) return;
  value_slash_ = text.ends_with('/');
  if (skip_value_) return;
  if (form_ != ValueForm::kString) {
    value_.append(text);
    if (argument_bytes_ + value_.size() > limits_.max_argument_bytes) {
      output_.HitLimit(LimitHit::kArgumentBytes);
    }
    return;
  }
  std::string escaped;
  if (std::exchange(line_break_, text.ends_with('\n'))) escaped = "\\n";
  if (line_break_) text.remove_suffix(1);
  json::EscapeTo(text, &escaped);
  Write(escaped);
}

// `by_repair`: without its closing tag, so that a last line break belongs to the tags.
void CallReader::EndValue(bool by_repair) {
  if (!skip_value_) {
    if (form_ == ValueForm::kString) {
      Write(line_break_ && !by_repair ? "\\n\"" : "\"");
    } else {
      if (by_repair && value_.ends_with('\n')) value_.pop_back();
      Write(JsonValue(value_));
    }
  }
  value_.clear();
  EnterBody(false);
  if (by_repair) body_ = ">\n";  // one repair is enough to say of a tag that isn't there
}

std::string CallReader::JsonValue(std::string_view raw) {
  if (IsJson(raw)) return std::string(raw);
  const std::string_view stripped = StrippedAsPython(raw);
  if (stripped.size() < raw.size() && IsJson(stripped)) {
    output_.Mend(Repair::kTrimmedValue);
    return std::string(stripped);
  }
  if (form_ == ValueForm::kJson) output_.Mend(Repair::kInvalidJson);
  return Quoted(raw);
}

void CallReader::WriteKey(std::string_view key) {
  const std::string separator = keys_.empty() ? "{" : ", ";
  keys_.insert(std::string(key));
  Write(separator + Quoted(key) + ": ");
}

void CallReader::Write(std::string_view arguments) {
  argument_bytes_ += arguments.size();
  if (argument_bytes_ > limits_.max_argument_bytes) {
    output_.HitLimit(LimitHit::kArgumentBytes);
  }
  if (!output_.limit_hit()) output_.Emit(EventKind::kToolArguments, calls_ - 1, arguments);
}

}  // namespace fathom::chat
