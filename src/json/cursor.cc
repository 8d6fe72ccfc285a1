#include "json/cursor.h"

#include <charconv>

#include "base/utf8.h"
#include "json/parse.h"

namespace fathom::json {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool EndsScalar(char c) { return IsSpace(c) || c == ',' || c == ']' || c == '}'; }

}  // namespace

bool Cursor::Fail(size_t offset, std::string_view message) {
  if (status_.ok()) status_ = InvalidArgument("byte {}: {}", offset, message);
  return false;
}

bool Cursor::FailKind(std::string_view wanted) {
  constexpr std::string_view kBeginsValue = "{[\"tfn-0123456789";
  if (at_ >= text_.size() || kBeginsValue.find(text_[at_]) == std::string_view::npos) {
    return Fail(at_, "expecting value");
  }
  return Fail(at_, fmt::format("expected {}, found {}", wanted, KindName(NextKind())));
}

void Cursor::SkipSpace() {
  while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
}

Kind Cursor::NextKind() {
  SkipSpace();
  if (!status_.ok() || at_ >= text_.size()) return Kind::kNull;
  switch (text_[at_]) {
    case '{':
      return Kind::kObject;
    case '[':
      return Kind::kArray;
    case '"':
      return Kind::kString;
    case 't':
    case 'f':
      return Kind::kBool;
    case 'n':
      return Kind::kNull;
    default:
      return Kind::kNumber;
  }
}

bool Cursor::Begin(char open, std::string_view wanted) {
  if (!status_.ok()) return false;
  SkipSpace();
  if (at_ >= text_.size() || text_[at_] != open) return FailKind(wanted);
  ++at_;
  entered_ = true;
  return true;
}

bool Cursor::BeginObject() { return Begin('{', "object"); }
bool Cursor::BeginArray() { return Begin('[', "array"); }

// Steps over the comma, or over `close` and returns false.
bool Cursor::Next(char close) {
  if (!status_.ok()) return false;
  SkipSpace();
  const bool first = entered_;
  entered_ = false;
  if (at_ < text_.size() && text_[at_] == close) {
    ++at_;
    return false;
  }
  if (first) return true;
  if (at_ >= text_.size() || text_[at_] != ',') return Fail(at_, "expecting ',' delimiter");
  ++at_;
  SkipSpace();
  return true;
}

bool Cursor::NextElement() { return Next(']'); }

bool Cursor::NextMember(std::string_view* key) {
  if (!Next('}')) return false;
  if (at_ >= text_.size() || text_[at_] != '"') {
    return Fail(at_, "expecting property name enclosed in double quotes");
  }
  if (!TakeString(&key_, key)) return false;
  SkipSpace();
  if (at_ >= text_.size() || text_[at_] != ':') return Fail(at_, "expecting ':' delimiter");
  ++at_;
  return true;
}

// `end`: behind the closing quote of the string that begins here.
bool Cursor::StringEnd(size_t* end) {
  for (size_t i = at_ + 1; i < text_.size(); ++i) {
    if (text_[i] == '\\') {
      ++i;
    } else if (text_[i] == '"') {
      *end = i + 1;
      return true;
    }
  }
  return Fail(at_, "unterminated string starting at");
}

bool Cursor::TakeString(std::string* buffer, std::string_view* out) {
  size_t end = 0;
  if (!StringEnd(&end)) return false;
  const std::string_view inner = text_.substr(at_ + 1, end - at_ - 2);
  bool plain = true;
  for (const char c : inner) plain &= c != '\\' && static_cast<unsigned char>(c) >= 0x20;
  if (plain && IsValidUtf8(inner)) {
    *out = inner;
    at_ = end;
    return true;
  }
  // Escapes and errors are the parser's business.
  Value value;
  if (!Read(&value)) return false;
  *buffer = value.string();
  *out = *buffer;
  return true;
}

bool Cursor::String(std::string_view* out) {
  if (!status_.ok()) return false;
  SkipSpace();
  if (at_ >= text_.size() || text_[at_] != '"') return FailKind("string");
  return TakeString(&string_, out);
}

bool Cursor::Int(int64_t* out) {
  if (!status_.ok()) return false;
  if (NextKind() != Kind::kNumber || at_ >= text_.size()) return FailKind("integer");
  const char* const begin = text_.data() + at_;
  const char* const limit = text_.data() + text_.size();
  const auto [end, error] = std::from_chars(begin, limit, *out);
  const bool leading_zero =
      *begin == '0' || (*begin == '-' && begin + 1 < limit && begin[1] == '0');
  const bool whole = error == std::errc() && (end == limit || EndsScalar(*end));
  if (whole && !(leading_zero && end - begin > 1)) {
    at_ += static_cast<size_t>(end - begin);
    return true;
  }
  // Not a number at all is the parser's error; 1.5 or a number of 30 digits is ours.
  const size_t place = at_;
  Value value;
  if (!Read(&value)) return false;
  if (value.AsInt64() == 0) return *out = 0, true;  // -0
  return Fail(place, fmt::format("expected integer, found {}", value.number().text));
}

bool Cursor::Read(Value* out) {
  SkipSpace();
  const size_t begin = at_;
  if (!Skip()) return false;
  auto parsed = ParseOrError(text_.substr(begin, at_ - begin));
  if (auto* error = std::get_if<ParseError>(&parsed)) {
    if (error->message[0] >= 'A' && error->message[0] <= 'Z') error->message[0] += 'a' - 'A';
    return Fail(begin + error->offset, error->message);
  }
  *out = std::get<Value>(std::move(parsed));
  return true;
}

bool Cursor::Skip() {
  if (!status_.ok()) return false;
  SkipSpace();
  if (at_ >= text_.size() || EndsScalar(text_[at_])) return Fail(at_, "expecting value");
  size_t depth = 0;
  do {
    if (at_ >= text_.size()) return Fail(at_, "the text ends inside an object or array");
    const char c = text_[at_];
    if (c == '"') {
      if (!StringEnd(&at_)) return false;
      continue;
    }
    ++at_;
    if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    } else if (depth == 0) {
      while (at_ < text_.size() && !EndsScalar(text_[at_])) ++at_;
    }
  } while (depth > 0);
  return true;
}

bool Cursor::End() {
  if (!status_.ok()) return false;
  SkipSpace();
  return at_ == text_.size() || Fail(at_, "extra data");
}

}  // namespace fathom::json
