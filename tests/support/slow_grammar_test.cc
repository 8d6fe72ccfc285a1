#include "support/slow_grammar.h"

#include <gtest/gtest.h>

#include <string>

namespace fathom::test {
namespace {

using grammar::ByteDfa;
using grammar::ByteSet;
using grammar::ExprId;
using grammar::Grammar;
using grammar::kUnbounded;
using grammar::RuleId;

ExprId AnyOf(Grammar& grammar, std::string_view bytes) {
  ByteSet set;
  for (const char c : bytes) set.Add(static_cast<uint8_t>(c));
  return grammar.Bytes(set);
}

// Every text over "ab()" of up to `length` bytes.
std::vector<std::string> AllTexts(size_t length) {
  std::vector<std::string> texts = {""};
  for (size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].size() == length) continue;
    for (const char c : {'a', 'b', '(', ')'}) texts.push_back(texts[i] + c);
  }
  return texts;
}

// A text can continue when some longer text matches: checked against all texts of `length` bytes,
// so `grammar` must be one where that many are enough.
template <typename Says>
void ExpectLanguage(const Grammar& grammar, size_t length, Says says) {
  const std::vector<std::string> texts = AllTexts(length);
  for (const std::string& text : texts) {
    EXPECT_EQ(SlowMatches(grammar, text), says(text)) << "'" << text << "'";
    if (text.size() > length / 2) continue;
    bool can = false;
    for (const std::string& other : texts) can |= other.starts_with(text) && says(other);
    EXPECT_EQ(SlowCanContinue(grammar, text), can) << "'" << text << "'";
  }
}

TEST(SlowGrammar, SmallForms) {
  Grammar grammar;
  grammar.SetStart(grammar.Sequence({grammar.Text("ab"), AnyOf(grammar, "ab"), grammar.Empty()}));
  ExpectLanguage(grammar, 5, [](const std::string& t) { return t == "aba" || t == "abb"; });
  grammar.SetStart(grammar.Choice({grammar.Text("a"), grammar.Never(), grammar.Empty()}));
  ExpectLanguage(grammar, 4, [](const std::string& t) { return t.empty() || t == "a"; });
  grammar.SetStart(grammar.Sequence({grammar.Text("a"), grammar.Never()}));
  ExpectLanguage(grammar, 4, [](const std::string&) { return false; });
}

TEST(SlowGrammar, Repetitions) {
  for (const int64_t low : {0, 1, 2, 3}) {
    for (const int64_t high : {int64_t{3}, int64_t{4}, kUnbounded}) {
      Grammar grammar;
      grammar.SetStart(grammar.Repeat(AnyOf(grammar, "ab"), low, high));
      ExpectLanguage(grammar, 6, [&](const std::string& t) {
        const auto size = static_cast<int64_t>(t.size());
        return t.find_first_of("()") == std::string::npos && size >= low &&
               (high == kUnbounded || size <= high);
      });
    }
  }
}

TEST(SlowGrammar, ARepeatedPartThatMayBeEmpty) {
  Grammar grammar;
  grammar.SetStart(grammar.Repeat(grammar.Optional(grammar.Text("a")), 1 << 20, 1 << 20));
  ExpectLanguage(grammar, 5, [](const std::string& t) {
    return t.find_first_not_of('a') == std::string::npos;
  });
}

TEST(SlowGrammar, ALargeCountIsNotReached) {
  Grammar grammar;
  grammar.SetStart(grammar.Repeat(grammar.Text("a"), 1 << 20, 1 << 20));
  EXPECT_FALSE(SlowMatches(grammar, "aaa"));
  EXPECT_TRUE(SlowCanContinue(grammar, "aaa"));
  EXPECT_FALSE(SlowCanContinue(grammar, "aab"));
}

// Balanced brackets around one letter, written so that a rule begins with itself as well.
TEST(SlowGrammar, RulesThatUseThemselves) {
  Grammar grammar;
  const RuleId nested = grammar.Declare("nested");
  const ExprId use = grammar.Use(nested);
  grammar.Define(nested,
                 grammar.Choice({grammar.Sequence({use, grammar.Text("b")}),
                                 grammar.Sequence({grammar.Text("("), use, grammar.Text(")")}),
                                 grammar.Text("a")}));
  grammar.SetStart(use);
  const auto says = [](const std::string& text) {
    std::string t = text;
    for (bool changed = true; changed;) {
      changed = false;
      for (const char* form : {"ab", "(a)"}) {
        const size_t at = t.find(form);
        if (at == std::string::npos) continue;
        t.replace(at, std::string(form).size(), "a");
        changed = true;
      }
    }
    return t == "a";
  };
  ExpectLanguage(grammar, 7, says);
}

TEST(SlowGrammar, ARuleThatNeverEnds) {
  Grammar grammar;
  const RuleId rule = grammar.Declare("endless");
  grammar.Define(rule, grammar.Sequence({grammar.Text("a"), grammar.Use(rule)}));
  grammar.SetStart(grammar.Use(rule));
  EXPECT_FALSE(SlowMatches(grammar, "aa"));
  EXPECT_FALSE(SlowCanContinue(grammar, "aa"));
  EXPECT_FALSE(SlowCanContinue(grammar, ""));
}

TEST(SlowGrammar, Automata) {
  Grammar grammar;
  ByteDfa even;  // an even number of a; state 2 leads nowhere
  even.states = {{{{'a', 'a', 1}, {'b', 'b', 2}}, true}, {{{'a', 'a', 0}}, false}, {{}, false}};
  grammar.SetStart(grammar.Sequence({grammar.Dfa(even), grammar.Text("b")}));
  ExpectLanguage(grammar, 6, [](const std::string& t) {
    return t.size() % 2 == 1 && t.find('b') == t.size() - 1 && t.find_first_of("()") > t.size();
  });
}

TEST(SlowGrammar, TokensAreNotTheirBytes) {
  Grammar grammar;
  grammar.SetStart(grammar.Sequence({grammar.Text("a"), grammar.Token(7), grammar.Text("b")}));
  const Symbol a = {.byte = 'a'}, b = {.byte = 'b'}, seven = {.token = 7}, eight = {.token = 8};
  EXPECT_TRUE(SlowMatches(grammar, std::vector{a, seven, b}));
  EXPECT_FALSE(SlowMatches(grammar, std::vector{a, eight, b}));
  EXPECT_FALSE(SlowMatches(grammar, std::string_view("a\7b")));
  EXPECT_TRUE(SlowCanContinue(grammar, std::vector{a, seven}));
  EXPECT_FALSE(SlowCanContinue(grammar, std::vector{a, eight}));
  EXPECT_FALSE(SlowCanContinue(grammar, std::vector{a, b}));
}

}  // namespace
}  // namespace fathom::test
