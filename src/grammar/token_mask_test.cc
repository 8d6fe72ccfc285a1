#include "grammar/token_mask.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "grammar/byte_class.h"
#include "grammar/matcher.h"
#include "support/grammar_walk.h"

namespace fathom::grammar {
namespace {

TEST(TokenTable, ATrieHasEveryTextAtItsNode) {
  std::vector<std::string> texts = {"b", "abc", "ab", "abd", "ab", "\xff", "abcde"};
  std::vector<TrieEntry> entries;
  for (size_t i = 0; i < texts.size(); ++i) entries.push_back({texts[i], static_cast<int32_t>(i)});
  std::vector<int32_t> first;
  const Trie trie = MakeTrie(&entries, &first);
  ASSERT_EQ(first.size(), trie.size() + 1);
  std::map<std::string, std::vector<std::string>> found;
  std::string path;
  for (size_t n = 0; n < trie.size(); ++n) {
    path.resize(trie.depth[n] - size_t{1});
    path += static_cast<char>(trie.byte[n]);
    for (int32_t e = first[n]; e < first[n + 1]; ++e) {
      found[path].emplace_back(texts[static_cast<size_t>(entries[static_cast<size_t>(e)].value)]);
    }
    // What `skip` passes over is what lies deeper.
    size_t behind = n + 1;
    while (behind < trie.size() && trie.depth[behind] > trie.depth[n]) ++behind;
    EXPECT_EQ(static_cast<size_t>(trie.skip[n]), behind);
  }
  const std::map<std::string, std::vector<std::string>> expected = {
      {"b", {"b"}},     {"abc", {"abc"}},   {"ab", {"ab", "ab"}},
      {"abd", {"abd"}}, {"\xff", {"\xff"}}, {"abcde", {"abcde"}}};
  EXPECT_EQ(found, expected);
}

TEST(TokenTable, ClassesOfWhatIsBelow) {
  const test::SmallVocabulary small = test::MakeSmallVocabulary();
  const Trie& trie = small.table->trie();
  for (size_t n = 0; n < trie.size(); ++n) {
    ClassSet classes = 0;
    std::vector<int32_t> tokens;
    for (size_t m = n + 1; m < static_cast<size_t>(trie.skip[n]); ++m) {
      classes |= ClassOf(trie.byte[m]);
      if (small.table->token(m) >= 0) tokens.push_back(small.table->token(m));
    }
    EXPECT_EQ(trie.below[n], classes) << n;
    const auto below = small.table->TokensBelow(n);
    EXPECT_EQ(std::vector<int32_t>(below.begin(), below.end()), tokens) << n;
  }
}

TEST(ByteClass, SetsOfClasses) {
  ByteSet all;
  all.AddRange(0, 255);
  EXPECT_EQ(ClassesWith(all), 0xFFFF);
  EXPECT_EQ(ClassesWithin(all), 0xFFFF);
  EXPECT_EQ(ClassesWith(ByteSet()), 0);
  ByteSet some;
  some.AddRange('0', '9');
  some.Add('a');
  EXPECT_EQ(ClassesWithin(some), ClassOf('5'));
  EXPECT_EQ(ClassesWith(some), ClassOf('5') | ClassOf('z'));
}

// Work that runs out leaves tokens out and says so; single bytes stay, so that the answer goes on.
TEST(TokenMask, TooMuchWorkNarrowsAMaskAndLeavesSingleBytes) {
  const test::SmallVocabulary small = test::MakeSmallVocabulary();
  Grammar grammar;
  const RuleId rule = grammar.Declare("rule");
  ByteSet set;
  set.Add('a');
  set.Add('b');
  grammar.Define(
      rule, grammar.Sequence({grammar.Bytes(set), grammar.Optional(grammar.Sequence(
                                                      {grammar.Use(rule), grammar.Text("(")}))}));
  grammar.SetStart(grammar.Sequence({grammar.Use(rule), grammar.Text("b")}));
  const auto automaton = MakeAutomaton(grammar, {});
  ASSERT_TRUE(automaton.ok());
  const Way way{automaton->start(), 0, StackGraph::kRoot};
  const LocalMask whole = MakeLocalMask(*automaton, *small.table, way);
  EXPECT_FALSE(whole.narrowed);
  int narrowed = 0;
  for (const int64_t work : {0, 10, 50, 200}) {
    const LocalMask part = MakeLocalMask(*automaton, *small.table, way, work);
    if (!part.narrowed) continue;
    ++narrowed;
    for (const int32_t token : part.few) {
      EXPECT_TRUE(std::ranges::count(whole.few, token) == 1) << token;
    }
    EXPECT_EQ(std::ranges::count(part.few, 'a') > 0, std::ranges::count(whole.few, 'a') > 0);
    EXPECT_EQ(std::ranges::count(part.few, 'b') > 0, std::ranges::count(whole.few, 'b') > 0);
  }
  EXPECT_GT(narrowed, 0);
}

// Counts up to the bounds, by tokens of several characters at once.
TEST(TokenMask, TokensThatWouldGoBeyondABoundAreLeftOut) {
  const test::SmallVocabulary small = test::MakeSmallVocabulary();
  for (const int high : {1, 2, 3, 7, 8, 100}) {
    for (const int low : {0, 1, 3}) {
      if (low > high) continue;
      Grammar grammar;
      ByteSet set;
      set.Add('a');
      set.Add('b');
      const ExprId part = grammar.Choice({grammar.Bytes(set), grammar.Text("\xc3\xa9")});
      grammar.SetStart(grammar.Sequence({grammar.Repeat(part, low, high), grammar.Text("(a")}));
      auto automaton = MakeAutomaton(grammar, {}, {.unrolled_states = 1});
      ASSERT_TRUE(automaton.ok());
      const auto compiled =
          std::make_shared<const CompiledGrammar>(std::move(automaton).value(), small.table);
      size_t turn = 0;
      EXPECT_EQ(test::CompareWalk(grammar, small, compiled, 10,
                                  [&](size_t limit) { return turn++ * 7 % limit; }),
                "")
          << low << " to " << high;
    }
  }
}

}  // namespace
}  // namespace fathom::grammar
