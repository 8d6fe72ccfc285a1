// The slow, obvious tokenizer: the specification the fast one is tested against.
//
// Reads tokenizer.json through the JSON tree, runs the three regular expressions with a small
// backtracking matcher, and merges strings by searching the whole piece for the lowest rank.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/unicode_class.h"
#include "base/utf8.h"
#include "json/value.h"

namespace fathom::test {

// One item of an expression: between `low` and `high` characters of a set, as many as possible.
struct RegexItem {
  std::function<bool(char32_t)> accepts;
  size_t low;
  size_t high;
};

// One alternative, its items in order.
struct RegexAlternative {
  std::vector<RegexItem> items;
  bool not_before_non_space = false;  // (?!\S) at the end
};

class ReferenceSplitter {
 public:
  using Text = std::u32string;
  using Pieces = std::vector<Text>;

  static std::vector<std::string> Split(std::string_view utf8) {
    Text text;
    while (!utf8.empty()) {
      const Utf8Char c = DecodeUtf8(utf8);
      text.push_back(c.code_point);
      utf8.remove_prefix(static_cast<size_t>(c.length));
    }
    Pieces pieces;
    if (!text.empty()) pieces.push_back(text);
    for (const auto& expression : Expressions()) pieces = SplitAll(pieces, expression);
    std::vector<std::string> out;
    for (const Text& piece : pieces) {
      std::string bytes;
      for (const char32_t c : piece) AppendUtf8(c, &bytes);
      out.push_back(bytes);
    }
    return out;
  }

 private:
  using Expression = std::vector<RegexAlternative>;

  static const std::vector<Expression>& Expressions() {
    using enum UnicodeClass;
    static constexpr size_t kMany = std::numeric_limits<size_t>::max();
    static const auto letter = [](char32_t c) { return ClassOf(c) == kLetter; };
    static const auto mark = [](char32_t c) { return ClassOf(c) == kMark; };
    static const auto number = [](char32_t c) { return ClassOf(c) == kNumber; };
    static const auto space = [](char32_t c) { return ClassOf(c) == kWhiteSpace; };
    static const auto punctuation = [](char32_t c) {
      return ClassOf(c) == kPunctuation || ClassOf(c) == kSymbol;
    };
    static const auto newline = [](char32_t c) { return c == '\r' || c == '\n'; };
    static const auto blank = [](char32_t c) { return c == ' '; };
    static const auto kana = [](char32_t c) {
      return (c >= U'一' && c <= U'龥') || (c >= U'\u3040' && c <= U'ゟ') ||
             (c >= U'゠' && c <= U'ヿ');
    };
    static const auto ascii_punctuation = [](char32_t c) {
      return std::u32string_view(U"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~").find(c) !=
             std::u32string_view::npos;
    };
    static const auto ascii_letter = [](char32_t c) {
      return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    };
    static const auto lead_in = [](char32_t c) {
      return !newline(c) && !letter(c) && !punctuation(c);
    };
    static const auto letter_or_mark = [](char32_t c) { return letter(c) || mark(c); };
    static const std::vector<Expression> expressions = {
        {{{{number, 1, 3}}}},
        {{{{kana, 1, kMany}}}},
        {{{{ascii_punctuation, 1, 1}, {ascii_letter, 1, kMany}}},
         {{{lead_in, 0, 1}, {letter_or_mark, 1, kMany}}},
         {{{blank, 0, 1}, {punctuation, 1, kMany}, {newline, 0, kMany}}},
         {{{space, 0, kMany}, {newline, 1, kMany}}},
         {{{space, 1, kMany}}, true},
         {{{space, 1, kMany}}}},
    };
    return expressions;
  }

  // Where `alternative` from its item `k` on ends, matched at `at`; npos where it does not match.
  static size_t MatchFrom(const Text& text, size_t at, const RegexAlternative& alternative,
                          size_t k) {
    if (k == alternative.items.size()) {
      const bool refused = alternative.not_before_non_space && at < text.size() &&
                           ClassOf(text[at]) != UnicodeClass::kWhiteSpace;
      return refused ? Text::npos : at;
    }
    const RegexItem& item = alternative.items[k];
    size_t count = 0;
    while (count < item.high && at + count < text.size() && item.accepts(text[at + count])) {
      ++count;
    }
    for (; count >= item.low; --count) {
      const size_t end = MatchFrom(text, at + count, alternative, k + 1);
      if (end != Text::npos) return end;
      if (count == 0) break;
    }
    return Text::npos;
  }

  static size_t Match(const Text& text, size_t at, const Expression& expression) {
    for (const RegexAlternative& alternative : expression) {
      const size_t end = MatchFrom(text, at, alternative, 0);
      if (end != Text::npos) return end;
    }
    return Text::npos;
  }

  // Behavior "Isolated": matches and what lies between them.
  static Pieces SplitAll(const Pieces& pieces, const Expression& expression) {
    Pieces out;
    for (const Text& piece : pieces) {
      size_t gap = 0, at = 0;
      while (at < piece.size()) {
        const size_t end = Match(piece, at, expression);
        if (end == Text::npos) {
          ++at;
          continue;
        }
        if (gap < at) out.push_back(piece.substr(gap, at - gap));
        out.push_back(piece.substr(at, end - at));
        gap = at = end;
      }
      if (gap < piece.size()) out.push_back(piece.substr(gap));
    }
    return out;
  }
};

// Ranks of merges, by the bytes of their sides.
using ReferenceRanks = std::map<std::pair<std::string, std::string>, size_t>;

// The tokens of one piece, as bytes.
inline std::vector<std::string> ReferenceMerge(std::string_view piece,
                                               const ReferenceRanks& ranks) {
  std::vector<std::string> parts;
  for (const char byte : piece) parts.emplace_back(1, byte);
  while (true) {
    size_t best_rank = std::numeric_limits<size_t>::max(), best = 0;
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto found = ranks.find({parts[i], parts[i + 1]});
      if (found != ranks.end() && found->second < best_rank) best_rank = found->second, best = i;
    }
    if (best_rank == std::numeric_limits<size_t>::max()) return parts;
    parts[best] += parts[best + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

class ReferenceTokenizer {
 public:
  // `root`: a tokenizer.json that Tokenizer accepts.
  explicit ReferenceTokenizer(const json::Value& root) {
    const json::Value& model = *root.Find("model");
    for (const json::Value& added : root.Find("added_tokens")->array()) {
      const std::string& content = added.Find("content")->string();
      const bool normalized = added.Find("normalized")->boolean();
      added_[normalized ? 1 : 0][content] = Id(*added.Find("id"));
    }
    for (const json::Member& member : model.Find("vocab")->object()) {
      ids_[Unspell(member.key)] = Id(member.value);
    }
    for (const json::Value& merge : model.Find("merges")->array()) {
      const auto [left, right] = Sides(merge);
      ranks_.emplace(std::pair(Unspell(left), Unspell(right)), ranks_.size());
    }
  }

  // `text` is valid UTF-8.
  std::vector<int32_t> Encode(std::string_view text, bool allow_special) const {
    std::vector<int32_t> out;
    EncodePass(text, allow_special ? 0 : 2, &out);
    return out;
  }

 private:
  static int32_t Id(const json::Value& value) { return static_cast<int32_t>(*value.AsInt64()); }

  // Pass 0 and 1 cut out added tokens, 2 merges.
  void EncodePass(std::string_view text, size_t pass, std::vector<int32_t>* out) const {
    if (text.empty()) return;
    if (pass == 2) {
      for (const std::string& piece : ReferenceSplitter::Split(text)) {
        for (const std::string& token : ReferenceMerge(piece, ranks_)) {
          out->push_back(ids_.at(token));
        }
      }
      return;
    }
    for (size_t at = 0; at < text.size(); ++at) {
      const std::pair<const std::string, int32_t>* longest = nullptr;
      for (const auto& token : added_[pass]) {
        const bool longer = longest == nullptr || token.first.size() > longest->first.size();
        if (longer && text.substr(at).starts_with(token.first)) longest = &token;
      }
      if (longest == nullptr) continue;
      EncodePass(text.substr(0, at), pass + 1, out);
      out->push_back(longest->second);
      return EncodePass(text.substr(at + longest->first.size()), pass, out);
    }
    EncodePass(text, pass + 1, out);
  }

  static std::pair<std::string, std::string> Sides(const json::Value& merge) {
    if (merge.is_array()) return {merge.array()[0].string(), merge.array()[1].string()};
    const std::string& text = merge.string();
    const size_t space = text.find(' ');
    return {text.substr(0, space), text.substr(space + 1)};
  }

  // The bytes a vocabulary entry is spelled for; text outside the alphabet stays as it is.
  static std::string Unspell(const std::string& spelled) {
    static const std::map<char32_t, char> alphabet = [] {
      std::map<char32_t, char> map;
      char32_t next = 0x100;
      for (char32_t byte = 0; byte < 256; ++byte) {
        const bool itself = (byte >= U'!' && byte <= U'~') || (byte >= U'¡' && byte <= U'¬') ||
                            (byte >= U'®' && byte <= U'ÿ');
        map[itself ? byte : next++] = static_cast<char>(byte);
      }
      return map;
    }();
    std::string bytes;
    for (std::string_view left = spelled; !left.empty();) {
      const Utf8Char c = DecodeUtf8(left);
      const auto found = alphabet.find(c.code_point);
      if (found == alphabet.end()) return spelled;
      bytes.push_back(found->second);
      left.remove_prefix(static_cast<size_t>(c.length));
    }
    return bytes;
  }

  std::map<std::string, int32_t> ids_;
  ReferenceRanks ranks_;
  std::map<std::string, int32_t> added_[2];  // not normalized, normalized
};

}  // namespace fathom::test
