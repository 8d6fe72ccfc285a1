#include "json/parse.h"

#include <algorithm>
#include <cctype>

#include "base/mapped_file.h"
#include "base/utf8.h"

namespace fathom::json {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Every function leaves `at_` behind what it took, or sets error_ and returns false.
class Parser {
 public:
  Parser(std::string_view text, const ParseOptions& options) : text_(text), options_(options) {}

  std::variant<Value, ParseError> Run() {
    Value value;
    if (text_.size() > options_.max_bytes) {
      Fail(fmt::format("{} bytes, more than the limit of {}", text_.size(), options_.max_bytes), 0);
      return error_;
    }
    if (text_.starts_with("\xEF\xBB\xBF")) {
      Fail("Unexpected UTF-8 BOM (decode using utf-8-sig)", 0);
      return error_;
    }
    SkipSpace();
    if (!ParseValue(&value, 0)) return error_;
    SkipSpace();
    if (at_ != text_.size()) {
      Fail("Extra data", at_);
      return error_;
    }
    return value;
  }

 private:
  bool Fail(std::string message, size_t offset) {
    error_ = {std::move(message), offset};
    return false;
  }
  // The text from `begin` to here for a message: short, and printable ASCII alone.
  std::string Quoted(size_t begin) const {
    std::string quoted(text_.substr(begin, std::min<size_t>(at_ - begin, 100)));
    std::replace_if(
        quoted.begin(), quoted.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return quoted;
  }
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void SkipSpace() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }
  bool Take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  // `depth` arrays and objects are open around the value.
  bool ParseValue(Value* out, int depth) {
    switch (Peek()) {
      case '"': {
        std::string text;
        if (!ParseString(&text)) return false;
        *out = Value(std::move(text));
        return true;
      }
      case '{':
      case '[':
        if (depth >= options_.max_depth) {
          return Fail(fmt::format("nested deeper than {}", options_.max_depth), at_);
        }
        return Peek() == '{' ? ParseObject(out, depth) : ParseArray(out, depth);
      default:
        return ParseScalar(out);
    }
  }

  bool ParseScalar(Value* out) {
    if (Take("null")) return *out = Value(), true;
    if (Take("true")) return *out = Value(true), true;
    if (Take("false")) return *out = Value(false), true;
    if (options_.python_constants) {
      for (const std::string_view word : {"NaN", "Infinity", "-Infinity"}) {
        if (Take(word)) return *out = Value(Number{std::string(word)}), true;
      }
    }
    return ParseNumber(out);
  }

  // -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?, the longest match: like Python's, a number
  // ends where the pattern ends, and what follows is someone else's error.
  bool ParseNumber(Value* out) {
    const size_t start = at_;
    size_t i = at_;
    const auto digit = [&](size_t k) { return k < text_.size() && IsDigit(text_[k]); };
    if (i < text_.size() && text_[i] == '-') ++i;
    if (!digit(i)) return Fail("Expecting value", start);
    if (text_[i] == '0') {
      ++i;
    } else {
      while (digit(i)) ++i;
    }
    if (i < text_.size() && text_[i] == '.' && digit(i + 1)) {
      ++i;
      while (digit(i)) ++i;
    }
    if (i < text_.size() && (text_[i] == 'e' || text_[i] == 'E')) {
      size_t k = i + 1;
      if (k < text_.size() && (text_[k] == '+' || text_[k] == '-')) ++k;
      if (digit(k)) {
        i = k;
        while (digit(i)) ++i;
      }
    }
    at_ = i;
    *out = Value(Number{std::string(text_.substr(start, i - start))});
    return true;
  }

  bool ParseArray(Value* out, int depth) {
    Array array;
    ++at_;  // [
    SkipSpace();
    if (Peek() == ']') {
      ++at_;
      *out = Value(std::move(array));
      return true;
    }
    while (true) {
      if (!ParseValue(&array.emplace_back(), depth + 1)) return false;
      SkipSpace();
      if (Peek() == ']') break;
      if (Peek() != ',') return Fail("Expecting ',' delimiter", at_);
      ++at_;
      SkipSpace();
    }
    ++at_;
    *out = Value(std::move(array));
    return true;
  }

  bool ParseObject(Value* out, int depth) {
    constexpr const char* kNoName = "Expecting property name enclosed in double quotes";
    Object object;
    ++at_;  // {
    SkipSpace();
    if (Peek() == '}') {
      ++at_;
      *out = Value(std::move(object));
      return true;
    }
    while (true) {
      if (Peek() != '"') return Fail(kNoName, at_);
      const size_t key_at = at_;
      std::string key;
      if (!ParseString(&key)) return false;
      if (options_.unique_keys && object.Has(key)) {
        return Fail(fmt::format("Duplicate key {}", Quoted(key_at)), key_at);
      }
      SkipSpace();
      if (Peek() != ':') return Fail("Expecting ':' delimiter", at_);
      ++at_;
      SkipSpace();
      Value value;
      if (!ParseValue(&value, depth + 1)) return false;
      object.Set(std::move(key), std::move(value));
      SkipSpace();
      if (Peek() == '}') break;
      if (Peek() != ',') return Fail("Expecting ',' delimiter", at_);
      ++at_;
      SkipSpace();
    }
    ++at_;
    *out = Value(std::move(object));
    return true;
  }

  bool ParseString(std::string* out) {
    const size_t begin = at_;
    ++at_;  // "
    while (true) {
      size_t run = at_;
      while (run < text_.size() && text_[run] != '"' && text_[run] != '\\' &&
             static_cast<uint8_t>(text_[run]) >= 0x20) {
        ++run;
      }
      const std::string_view plain = text_.substr(at_, run - at_);
      if (const size_t bad = FindInvalidUtf8(plain); bad != std::string_view::npos) {
        return Fail("invalid UTF-8 in a string", at_ + bad);
      }
      out->append(plain);
      at_ = run;
      if (at_ >= text_.size()) return Fail("Unterminated string starting at", begin);
      if (text_[at_] == '"') {
        ++at_;
        return true;
      }
      if (text_[at_] != '\\') return Fail("Invalid control character at", at_);
      if (!ParseEscape(out, begin)) return false;
    }
  }

  bool ParseEscape(std::string* out, size_t string_begin) {
    const size_t start = at_;
    if (start + 1 >= text_.size()) return Fail("Unterminated string starting at", string_begin);
    constexpr std::string_view kLetters = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
    const char letter = text_[start + 1];
    if (const size_t i = kLetters.find(letter); i != std::string_view::npos) {
      out->push_back(kMeanings[i]);
      at_ = start + 2;
      return true;
    }
    if (letter != 'u') return Fail("Invalid \\escape", start);
    char32_t unit = 0;
    // Like Python, an escape that ends the text is blamed before the missing quote.
    if (start + 6 >= text_.size() || !ReadHex4(start + 2, &unit)) {
      return Fail("Invalid \\uXXXX escape", start + 1);
    }
    at_ = start + 6;
    if (unit >= 0xD800 && unit <= 0xDFFF) {
      char32_t low = 0;
      if (unit <= 0xDBFF && text_.substr(at_, 2) == "\\u" &&
          (at_ + 6 >= text_.size() || !ReadHex4(at_ + 2, &low))) {
        return Fail("Invalid \\uXXXX escape", at_ + 1);
      }
      if (low < 0xDC00 || low > 0xDFFF) return Fail("lone surrogate escape", start);
      at_ += 6;
      unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
    AppendUtf8(unit, out);
    return true;
  }

  bool ReadHex4(size_t at, char32_t* unit) const {
    if (at + 4 > text_.size()) return false;
    *unit = 0;
    for (const char c : text_.substr(at, 4)) {
      if (!std::isxdigit(static_cast<unsigned char>(c))) return false;
      const int nibble = IsDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
      *unit = *unit << 4 | static_cast<char32_t>(nibble);
    }
    return true;
  }

  std::string_view text_;
  const ParseOptions& options_;
  size_t at_ = 0;
  ParseError error_;
};

}  // namespace

std::string ParseError::PythonText(std::string_view text) const {
  const std::string_view before = text.substr(0, offset);
  const size_t newline = before.rfind('\n');
  size_t line = 1;
  for (const char c : before) line += c == '\n';
  const std::string_view last =
      newline == std::string_view::npos ? before : before.substr(newline + 1);
  return fmt::format("{}: line {} column {} (char {})", message, line, CountUtf8(last) + 1,
                     CountUtf8(before));
}

std::variant<Value, ParseError> ParseOrError(std::string_view text, const ParseOptions& options) {
  return Parser(text, options).Run();
}

Result<Value> Parse(std::string_view text, const ParseOptions& options) {
  auto parsed = ParseOrError(text, options);
  if (auto* error = std::get_if<ParseError>(&parsed)) {
    if (!error->message.empty()) {
      error->message[0] = static_cast<char>(std::tolower(error->message[0]));
    }
    return InvalidArgument("byte {}: {}", error->offset, error->message);
  }
  return std::get<Value>(std::move(parsed));
}

Result<Value> ParseFile(const std::string& path, const ParseOptions& options) {
  FATHOM_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, options.max_bytes));
  Result<Value> value = Parse(text, options);
  if (!value.ok()) return value.status().At(path);
  return value;
}

}  // namespace fathom::json
