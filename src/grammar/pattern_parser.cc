#include "grammar/pattern_parser.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/unicode_class.h"
#include "base/utf8.h"
#include "grammar/expression.h"

namespace fathom::grammar {
namespace {

constexpr int kMaxGroups = 100;  // inside one another
constexpr int64_t kMaxCount = 1 << 20;

const CodeSet& Digits() {
  static const CodeSet set = MakeCodeSet({{'0', '9'}});
  return set;
}
const CodeSet& WordCharacters() {
  static const CodeSet set = MakeCodeSet({{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}});
  return set;
}
const CodeSet& Spaces() {
  static const CodeSet set = MakeCodeSet({{9, 13},
                                          {' ', ' '},
                                          {0xA0, 0xA0},
                                          {0x1680, 0x1680},
                                          {0x2000, 0x200A},
                                          {0x2028, 0x2029},
                                          {0x202F, 0x202F},
                                          {0x205F, 0x205F},
                                          {0x3000, 0x3000},
                                          {0xFEFF, 0xFEFF}});
  return set;
}
const CodeSet& LineEnds() {
  static const CodeSet set = MakeCodeSet({{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}});
  return set;
}

CodeSet FindClass(UnicodeClass wanted) {
  std::vector<CodeRange> ranges;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (ClassOf(c) != wanted) continue;
    if (!ranges.empty() && ranges.back().high + 1 == c) {
      ranges.back().high = c;
    } else {
      ranges.push_back({c, c});
    }
  }
  return MakeCodeSet(std::move(ranges));
}

// A general category by its letter or its long name; null for any other property.
const CodeSet* FindProperty(std::string_view name) {
  for (const std::string_view prefix : {"General_Category=", "gc="}) {
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  }
  struct Category {
    std::string_view letter, name;
    CodeSet set;
  };
  static const std::array<Category, 5> kCategories = {{
      {"L", "Letter", FindClass(UnicodeClass::kLetter)},
      {"M", "Mark", FindClass(UnicodeClass::kMark)},
      {"N", "Number", FindClass(UnicodeClass::kNumber)},
      {"P", "Punctuation", FindClass(UnicodeClass::kPunctuation)},
      {"S", "Symbol", FindClass(UnicodeClass::kSymbol)},
  }};
  for (const Category& category : kCategories) {
    if (name == category.letter || name == category.name) return &category.set;
  }
  return nullptr;
}

bool IsLetterOrDigit(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

class PatternParser {
 public:
  explicit PatternParser(std::string_view text) : text_(text) {}

  Result<PatternTree> Parse() {
    FATHOM_RETURN_IF_ERROR(ParseAhead());
    FATHOM_ASSIGN_OR_RETURN(tree_.root, ParseChoice());
    if (!AtEnd()) return InvalidArgument("byte {}: ')' without its '('", at_);
    if (!tree_.ahead.empty()) {
      // Another alternative would not begin with the lookahead.
      if (saw_outer_choice_)
        return Unsupported("byte {}: lookahead isn't supported here", ahead_at_);
      const int32_t begin = Add({.kind = PatternKind::kBegin});
      tree_.root = Add({.kind = PatternKind::kSequence, .parts = {begin, tree_.root}});
    }
    return std::move(tree_);
  }

 private:
  // "^" and the lookaheads behind it; nothing where there are none.
  Status ParseAhead() {
    if (!text_.starts_with("^(?=") && !text_.starts_with("^(?!")) return {};
    at_ = ahead_at_ = 1;
    while (text_.substr(at_).starts_with("(?=") || text_.substr(at_).starts_with("(?!")) {
      const bool negative = text_[at_ + 2] == '!';
      at_ += 3;
      ++groups_;
      FATHOM_ASSIGN_OR_RETURN(const int32_t inside, ParseChoice());
      --groups_;
      if (!Take(')')) return InvalidArgument("byte {}: a group without its ')'", at_);
      const int32_t begin = Add({.kind = PatternKind::kBegin});
      tree_.ahead.push_back(
          {Add({.kind = PatternKind::kSequence, .parts = {begin, inside}}), negative});
    }
    return {};
  }

  Result<int32_t> ParseChoice() {
    std::vector<int32_t> parts;
    do {
      FATHOM_ASSIGN_OR_RETURN(const int32_t part, ParseSequence());
      parts.push_back(part);
      if (parts.size() > 1 && groups_ == 0) saw_outer_choice_ = true;
    } while (Take('|'));
    if (parts.size() == 1) return parts[0];
    return Add({.kind = PatternKind::kChoice, .parts = std::move(parts)});
  }

  Result<int32_t> ParseSequence() {
    std::vector<int32_t> parts;
    while (!AtEnd() && Peek() != '|' && Peek() != ')') {
      FATHOM_ASSIGN_OR_RETURN(const int32_t atom, ParseAtom());
      FATHOM_ASSIGN_OR_RETURN(const int32_t part, ParseQuantifier(atom));
      parts.push_back(part);
    }
    if (parts.empty()) return Add({});
    if (parts.size() == 1) return parts[0];
    return Add({.kind = PatternKind::kSequence, .parts = std::move(parts)});
  }

  Result<int32_t> ParseAtom() {
    const size_t start = at_;
    FATHOM_ASSIGN_OR_RETURN(const char32_t c, NextCode());
    switch (c) {
      case '^':
        return Add({.kind = PatternKind::kBegin});
      case '$':
        return Add({.kind = PatternKind::kEnd});
      case '.':
        return AddSet(Complement(LineEnds()));
      case '(':
        return ParseGroup(start);
      case '[':
        return ParseClass(start);
      case '\\': {
        if (!AtEnd() && (Peek() == 'b' || Peek() == 'B')) {
          return Unsupported("byte {}: \\{} isn't supported", start, Peek());
        }
        FATHOM_ASSIGN_OR_RETURN(CodeSet set, ParseEscape(start, /*in_class=*/false));
        return AddSet(std::move(set));
      }
      case '*':
      case '+':
      case '?':
        return InvalidArgument("byte {}: '{}' with nothing to repeat", start, static_cast<char>(c));
      case '{':
        if (CountFollows(start)) return InvalidArgument("byte {}: nothing to repeat", start);
        return AddSet({{c, c}});
      default:
        return AddSet({{c, c}});
    }
  }

  Result<int32_t> ParseGroup(size_t start) {
    if (Take('?')) {
      const std::string_view rest = text_.substr(at_);
      if (rest.starts_with("=") || rest.starts_with("!") || rest.starts_with("<=") ||
          rest.starts_with("<!")) {
        return Unsupported("byte {}: lookahead and lookbehind aren't supported here", start);
      }
      if (rest.starts_with("<") && rest.find('>') != std::string_view::npos) {
        at_ += rest.find('>') + 1;
      } else if (!Take(':')) {
        return Unsupported("byte {}: this kind of group isn't part of ECMA-262's patterns", start);
      }
    }
    if (++groups_ > kMaxGroups) {
      return ResourceExhausted("byte {}: more than {} groups inside one another", start,
                               kMaxGroups);
    }
    FATHOM_ASSIGN_OR_RETURN(const int32_t inside, ParseChoice());
    --groups_;
    if (!Take(')')) return InvalidArgument("byte {}: a group without its ')'", start);
    return inside;
  }

  Result<int32_t> ParseQuantifier(int32_t atom) {
    if (AtEnd()) return atom;
    int64_t low = 0, high = kUnbounded;
    const size_t start = at_;
    if (Take('*')) {
    } else if (Take('+')) {
      low = 1;
    } else if (Take('?')) {
      high = 1;
    } else if (CountFollows(at_)) {
      FATHOM_RETURN_IF_ERROR(ParseCount(&low, &high));
    } else {
      return atom;
    }
    Take('?');  // the lazy form finds another match of the same texts
    const PatternKind kind = tree_.nodes[static_cast<size_t>(atom)].kind;
    if (kind == PatternKind::kBegin || kind == PatternKind::kEnd) {
      return InvalidArgument("byte {}: an anchor can't be repeated", start);
    }
    if (!AtEnd() && (Peek() == '*' || Peek() == '+' || Peek() == '?' || CountFollows(at_))) {
      return InvalidArgument("byte {}: a quantifier behind a quantifier", at_);
    }
    return Add({.kind = PatternKind::kRepeat, .parts = {atom}, .low = low, .high = high});
  }

  // Whether {n}, {n,} or {n,m} stands at `from`.
  bool CountFollows(size_t from) const {
    size_t at = from;
    const auto digits = [&] {
      const size_t start = at;
      while (at < text_.size() && text_[at] >= '0' && text_[at] <= '9') ++at;
      return at > start;
    };
    if (at >= text_.size() || text_[at++] != '{' || !digits()) return false;
    if (at < text_.size() && text_[at] == ',') {
      ++at;
      digits();
    }
    return at < text_.size() && text_[at] == '}';
  }

  Status ParseCount(int64_t* low, int64_t* high) {
    const size_t start = at_++;
    const auto number = [&] {
      int64_t value = 0;
      for (; Peek() >= '0' && Peek() <= '9'; ++at_) {
        value = std::min(value * 10 + (Peek() - '0'), kMaxCount + 1);
      }
      return value;
    };
    *low = *high = number();
    if (Take(',')) *high = Peek() == '}' ? kUnbounded : number();
    ++at_;
    if (*low > kMaxCount || *high > kMaxCount) {
      return ResourceExhausted("byte {}: a count above {}", start, kMaxCount);
    }
    if (*high != kUnbounded && *high < *low) {
      return InvalidArgument("byte {}: counts out of order", start);
    }
    return {};
  }

  Result<int32_t> ParseClass(size_t start) {
    const bool negated = Take('^');
    std::vector<CodeRange> ranges;
    while (!AtEnd() && Peek() != ']') {
      FATHOM_ASSIGN_OR_RETURN(const CodeSet first, ParseClassPart());
      const bool is_range =
          text_.substr(at_).starts_with("-") && at_ + 1 < text_.size() && text_[at_ + 1] != ']';
      if (!is_range) {
        std::ranges::copy(first, std::back_inserter(ranges));
        continue;
      }
      const size_t dash = at_++;
      FATHOM_ASSIGN_OR_RETURN(const CodeSet last, ParseClassPart());
      if (!IsOne(first) || !IsOne(last)) {
        // As without the u flag: the dash stands for itself.
        std::ranges::copy(first, std::back_inserter(ranges));
        std::ranges::copy(last, std::back_inserter(ranges));
        ranges.push_back({'-', '-'});
        continue;
      }
      if (last[0].low < first[0].low) {
        return InvalidArgument("byte {}: a range out of order", dash);
      }
      ranges.push_back({first[0].low, last[0].low});
    }
    if (!Take(']')) return InvalidArgument("byte {}: a class without its ']'", start);
    CodeSet set = MakeCodeSet(std::move(ranges));
    return AddSet(negated ? Complement(set) : std::move(set));
  }

  static bool IsOne(const CodeSet& set) { return set.size() == 1 && set[0].low == set[0].high; }

  Result<CodeSet> ParseClassPart() {
    const size_t start = at_;
    FATHOM_ASSIGN_OR_RETURN(const char32_t c, NextCode());
    if (c == '\\') return ParseEscape(start, /*in_class=*/true);
    return CodeSet{{c, c}};
  }

  // What stands behind the backslash at `start`.
  Result<CodeSet> ParseEscape(size_t start, bool in_class) {
    if (AtEnd()) return InvalidArgument("byte {}: a lone backslash", start);
    FATHOM_ASSIGN_OR_RETURN(const char32_t c, NextCode());
    switch (c) {
      case 'd':
        return Digits();
      case 'D':
        return Complement(Digits());
      case 'w':
        return WordCharacters();
      case 'W':
        return Complement(WordCharacters());
      case 's':
        return Spaces();
      case 'S':
        return Complement(Spaces());
      case 'p':
      case 'P':
        return ParseProperty(start, c == 'P');
      case 'x':
      case 'u':
      case 'c':
        return ParseCodeEscape(start, c);
      default:
        break;
    }
    constexpr std::string_view kLetters = "tnvfr0", kCodes("\t\n\v\f\r\0", 6);
    const size_t known = c < 0x80 ? kLetters.find(static_cast<char>(c)) : std::string_view::npos;
    if (known != std::string_view::npos) {
      if (c == '0' && !AtEnd() && Peek() >= '0' && Peek() <= '9') {
        return Unsupported("byte {}: an octal escape isn't supported", start);
      }
      return One(static_cast<char32_t>(kCodes[known]));
    }
    if (c == 'b' && in_class) return One('\b');
    if (c >= '1' && c <= '9')
      return Unsupported("byte {}: a back reference isn't supported", start);
    if (c == 'k') return Unsupported("byte {}: a back reference isn't supported", start);
    if (IsLetterOrDigit(c)) {
      return Unsupported("byte {}: \\{} isn't part of ECMA-262's patterns", start,
                         static_cast<char>(c));
    }
    return One(c);
  }

  Result<CodeSet> ParseProperty(size_t start, bool negated) {
    const size_t end = text_.find('}', at_);
    if (!Take('{') || end == std::string_view::npos) {
      return InvalidArgument("byte {}: a property without its name in braces", start);
    }
    const std::string_view name = text_.substr(at_, end - at_);
    at_ = end + 1;
    const CodeSet* set = FindProperty(name);
    if (set == nullptr) {
      return Unsupported("byte {}: the property {} isn't supported, only L, M, N, P and S", start,
                         name.substr(0, 40));
    }
    return negated ? Complement(*set) : *set;
  }

  Result<CodeSet> ParseCodeEscape(size_t start, char32_t kind) {
    if (kind == 'c') {
      if (AtEnd() || !IsLetterOrDigit(static_cast<unsigned char>(Peek())) || Peek() <= '9') {
        return InvalidArgument("byte {}: \\c without a letter", start);
      }
      return One(static_cast<char32_t>(text_[at_++] % 32));
    }
    char32_t code = 0;
    if (kind == 'u' && Take('{')) {
      size_t digits = 0;
      for (; !AtEnd() && Peek() != '}'; ++digits) {
        const int digit = HexValue(text_[at_++]);
        if (digit < 0 || code > 0x10FFFF) return InvalidArgument("byte {}: no code point", start);
        code = code * 16 + static_cast<char32_t>(digit);
      }
      if (digits == 0 || !Take('}') || code > 0x10FFFF) {
        return InvalidArgument("byte {}: no code point", start);
      }
      return One(code);
    }
    FATHOM_ASSIGN_OR_RETURN(code, ParseHex(start, kind == 'x' ? 2 : 4));
    if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_).starts_with("\\u")) {
      at_ += 2;
      FATHOM_ASSIGN_OR_RETURN(const char32_t low, ParseHex(start, 4));
      if (low < 0xDC00 || low > 0xDFFF) {
        return Unsupported("byte {}: half of a surrogate pair isn't supported", start);
      }
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    return One(code);
  }

  // A surrogate stands for no character of a valid text.
  static CodeSet One(char32_t code) { return MakeCodeSet({{code, code}}); }

  static int HexValue(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  }

  Result<char32_t> ParseHex(size_t start, int digits) {
    char32_t code = 0;
    for (int i = 0; i < digits; ++i) {
      const int digit = AtEnd() ? -1 : HexValue(text_[at_++]);
      if (digit < 0) return InvalidArgument("byte {}: expected {} hex digits", start, digits);
      code = code * 16 + static_cast<char32_t>(digit);
    }
    return code;
  }

  Result<char32_t> NextCode() {
    const Utf8Char c = DecodeUtf8(text_.substr(at_));
    if (!c.valid) return InvalidArgument("byte {}: no valid UTF-8", at_);
    at_ += static_cast<size_t>(c.length);
    return c.code_point;
  }

  bool AtEnd() const { return at_ >= text_.size(); }
  char Peek() const { return text_[at_]; }
  bool Take(char c) {
    if (AtEnd() || Peek() != c) return false;
    ++at_;
    return true;
  }

  int32_t AddSet(CodeSet set) {
    const auto known = std::ranges::find(tree_.sets, set);
    const auto index = static_cast<int32_t>(known - tree_.sets.begin());
    if (known == tree_.sets.end()) tree_.sets.push_back(std::move(set));
    return Add({.kind = PatternKind::kSet, .index = index});
  }
  int32_t Add(PatternNode node) {
    tree_.nodes.push_back(std::move(node));
    return static_cast<int32_t>(tree_.nodes.size()) - 1;
  }

  const std::string_view text_;
  size_t at_ = 0, ahead_at_ = 0;
  int groups_ = 0;
  bool saw_outer_choice_ = false;
  PatternTree tree_;
};

}  // namespace

Result<PatternTree> ParsePattern(std::string_view pattern) {
  return PatternParser(pattern).Parse();
}

}  // namespace fathom::grammar
