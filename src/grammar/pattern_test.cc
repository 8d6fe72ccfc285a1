#include "grammar/pattern.h"

#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/utf8.h"
#include "grammar/string_form.h"
#include "json/write.h"
#include "support/slow_grammar.h"

namespace fathom::grammar {
namespace {

CodeDfa Compile(std::string_view pattern) {
  Budget budget(GrammarLimits{.seconds = 60});
  Result<CodeDfa> dfa = PatternDfa(pattern, budget);
  FATHOM_CHECK(dfa.ok(), "{}: {}", pattern, dfa.status().message());
  return *std::move(dfa);
}

struct Row {
  std::string pattern;
  std::vector<std::string> found, not_found;
};

TEST(Pattern, Table) {
  const std::vector<Row> rows = {
      {"", {"", "a"}, {}},
      {"a", {"a", "bab"}, {"", "b"}},
      {"^a", {"a", "ab"}, {"ba"}},
      {"a$", {"a", "ba"}, {"ab", "a\n"}},
      {"^$", {""}, {"a"}},
      {"^a|b$", {"ax", "xb"}, {"xa", "bx"}},
      {"^(?:a|b)+$", {"a", "abab"}, {"", "abc"}},
      {"^(?<name>x)y$", {"xy"}, {"x"}},
      {"^a{2}b{0,2}c{1,}$", {"aac", "aabbcc"}, {"ac", "aab", "aabbbc"}},
      {"^a{,2}$", {"a{,2}"}, {"a"}},
      {"^a+?b??$", {"a", "ab"}, {"b"}},
      {"^[a-c-]+$", {"a-c"}, {"d"}},
      {"^[^a-c]$", {"d", "é", "\n"}, {"a"}},
      {"^[]a]", {}, {"]", "a"}},
      {"^.$", {"a", "é", "🙂"}, {"\n", "\r", "\xe2\x80\xa8", "ab"}},
      {"^\\d\\D\\w\\W\\s\\S$", {"1a_- x"}, {"aa_- x"}},
      {"^\\x41\\u0042\\u{1F642}\\cJ\\0$", {std::string("AB🙂\n\0", 8)}, {"AB"}},
      {"^\\ud83d\\ude42$", {"🙂"}, {"x"}},
      {"^[\\b\\]\\-\\\\]$", {"\b", "]", "-", "\\"}, {"b"}},
      {"^\\p{L}\\P{L}\\p{gc=Number}$", {"é-5", "中 ٣"}, {"5-5", "éé5"}},
      {"^\\/\\.\\*$", {"/.*"}, {"/a*"}},
      {"(^a)?b", {"b", "ab", "xb"}, {"a"}},
      {"^(?!.*\\.\\.)[a.]+$", {"a.a"}, {"a..a"}},
      {"^(?=.*b)(?!c)", {"ab", "b"}, {"cb", "a"}},
  };
  for (const Row& row : rows) {
    const CodeDfa dfa = Compile(row.pattern);
    for (const std::string& text : row.found) {
      EXPECT_TRUE(dfa.Accepts(text)) << row.pattern << " in " << text;
    }
    for (const std::string& text : row.not_found) {
      EXPECT_FALSE(dfa.Accepts(text)) << row.pattern << " in " << text;
    }
  }
}

TEST(Pattern, Errors) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"(", "byte 0: a group without its ')'"},
      {"a)", "byte 1: ')' without its '('"},
      {"*", "byte 0: '*' with nothing to repeat"},
      {"a**", "byte 2: a quantifier behind a quantifier"},
      {"a{3,2}", "byte 1: counts out of order"},
      {"a{9999999}", "byte 1: a count above 1048576"},
      {"[z-a]", "byte 2: a range out of order"},
      {"[a", "byte 0: a class without its ']'"},
      {"\\", "byte 0: a lone backslash"},
      {"(a)\\1", "byte 3: a back reference isn't supported"},
      {"a\\b", "byte 1: \\b isn't supported"},
      {"a(?=b)", "byte 1: lookahead and lookbehind aren't supported here"},
      {"^(?=b)a|c", "byte 1: lookahead isn't supported here"},
      {"(?i:a)", "byte 0: this kind of group isn't part of ECMA-262's patterns"},
      {"(?P<n>a)", "byte 0: this kind of group isn't part of ECMA-262's patterns"},
      {"\\p{Greek}", "byte 0: the property Greek isn't supported, only L, M, N, P and S"},
      {"\\u12", "byte 0: expected 4 hex digits"},
      {"\xff", "byte 0: no valid UTF-8"},
  };
  for (const auto& [pattern, message] : rows) {
    Budget budget(GrammarLimits{.seconds = 60});
    EXPECT_EQ(PatternDfa(pattern, budget).status().message(), message) << pattern;
  }
}

std::string RandomPattern(uint64_t round) {
  std::string pattern;
  int open = 0;
  const std::vector<std::string> pieces = {"a", "b", "[ab]", "[^a]", "c",     "(",
                                           ")", "|", "*",    "?",    "{1,2}", "."};
  bool may_repeat = false;
  for (uint64_t i = 0; i < 12; ++i) {
    const size_t pick = static_cast<size_t>(RandomUniform(2, round, i) * 12);
    if (pick == 6 && (open == 0 || pattern.ends_with('('))) continue;
    if (pick >= 8 && pick <= 10 && !may_repeat) continue;
    open += pick == 5 ? 1 : pick == 6 ? -1 : 0;
    may_repeat = pick < 5 || pick == 6 || pick == 11;
    pattern += pieces[pick];
  }
  return pattern + std::string(static_cast<size_t>(open), ')');
}

// std::regex follows ECMA-262 too, by backtracking.
TEST(Pattern, AgreesWithAnotherMatcher) {
  for (uint64_t round = 0; round < 400; ++round) {
    const std::string pattern = RandomPattern(round);
    const CodeDfa dfa = Compile(pattern);
    const CodeDfa anchored = Compile("^(?:" + pattern + ")$");
    const std::regex other(pattern, std::regex::ECMAScript);
    for (uint64_t i = 0; i < 40; ++i) {
      std::string text;
      for (uint64_t j = 0; j < i % 8; ++j) {
        text += "abcd"[static_cast<size_t>(RandomUniform(3, round * 64 + i, j) * 4)];
      }
      EXPECT_EQ(dfa.Accepts(text), std::regex_search(text, other)) << pattern << " in " << text;
      EXPECT_EQ(anchored.Accepts(text), std::regex_match(text, other)) << pattern << " is " << text;
    }
  }
}

TEST(StringForm, EveryCharacterIsWrittenInBothForms) {
  Budget budget(GrammarLimits{.seconds = 60});
  const CodeDfa some = Compile("^[\\x00-\\x22\\\\\\x7f-\\u0801\\uffff-\\u{10ffff}]$");
  Grammar raw, json;
  raw.SetStart(raw.Dfa(WriteTexts(some, StringForm::kRaw, budget).value()));
  json.SetStart(json.Dfa(WriteTexts(some, StringForm::kJson, budget).value()));
  for (char32_t code = 0; code <= 0x10FFFF; code += code < 0x900 ? 1 : 0xFB) {
    if (code >= 0xD800 && code <= 0xDFFF) continue;
    std::string text, quoted;
    AppendUtf8(code, &text);
    json::DumpString(text, &quoted);
    const std::string escaped = quoted.substr(1, quoted.size() - 2);
    const bool is_in = some.Accepts(text);
    EXPECT_EQ(test::SlowMatches(raw, text), is_in) << static_cast<uint32_t>(code);
    EXPECT_EQ(test::SlowMatches(json, escaped), is_in) << static_cast<uint32_t>(code);
  }
  EXPECT_FALSE(test::SlowMatches(raw, "\xed\xa0\x80"));  // a surrogate
  EXPECT_FALSE(test::SlowMatches(raw, "\xc0\x80"));
}

TEST(StringForm, CodeDfaOperations) {
  Budget budget(GrammarLimits{.seconds = 60});
  const CodeDfa a = Compile("^a*b?$"), b = Compile("^[ab]{2,3}$");
  const CodeDfa both = Combine(a, b, SetOperation::kBoth, budget).value();
  const CodeDfa either = Combine(a, b, SetOperation::kEither, budget).value();
  const CodeDfa first = Combine(a, b, SetOperation::kFirstOnly, budget).value();
  for (const std::string text : {"", "a", "b", "aa", "ab", "ba", "aab", "bbb", "aaaa", "c"}) {
    EXPECT_EQ(both.Accepts(text), a.Accepts(text) && b.Accepts(text)) << text;
    EXPECT_EQ(either.Accepts(text), a.Accepts(text) || b.Accepts(text)) << text;
    EXPECT_EQ(first.Accepts(text), a.Accepts(text) && !b.Accepts(text)) << text;
  }
  EXPECT_TRUE(
      Combine(a, Compile("^[\\s\\S]*$"), SetOperation::kFirstOnly, budget)->AcceptsNothing());
  EXPECT_TRUE(Combine(a, Compile(""), SetOperation::kEither, budget)->AcceptsAll());
}

}  // namespace
}  // namespace fathom::grammar
