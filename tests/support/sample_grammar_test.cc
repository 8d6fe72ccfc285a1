#include "support/sample_grammar.h"

#include <gtest/gtest.h>

#include <set>

#include "support/slow_grammar.h"

namespace fathom::test {
namespace {

using grammar::ByteDfa;
using grammar::ByteSet;
using grammar::Grammar;
using grammar::kUnbounded;

// Lists of letters, numbers and lists, as deep as they may be.
Grammar Lists() {
  Grammar grammar;
  ByteSet letters;
  letters.AddRange('a', 'c');
  ByteDfa even;  // an even number of digits
  even.states = {{{{'0', '9', 1}}, true}, {{{'0', '9', 0}}, false}};
  const auto list = grammar.Declare("list");
  const auto item = grammar.Choice(
      {grammar.Bytes(letters), grammar.Dfa(even), grammar.Use(list), grammar.Never()});
  grammar.Define(list, grammar.Sequence({grammar.Text("("), grammar.Repeat(item, 1, kUnbounded),
                                         grammar.Text(")")}));
  grammar.SetStart(grammar.Use(list));
  return grammar;
}

TEST(SampleGrammar, EverySampleIsAText) {
  const Grammar grammar = Lists();
  const GrammarSampler sampler(grammar);
  std::set<std::string> met;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const std::string text = sampler.Sample(seed, 40);
    EXPECT_TRUE(SlowMatches(grammar, text)) << text;
    EXPECT_EQ(text, sampler.Sample(seed, 40));
    met.insert(text);
  }
  EXPECT_GT(met.size(), 200U);
}

TEST(SampleGrammar, NothingToWrite) {
  Grammar grammar;
  const auto endless = grammar.Declare("endless");
  grammar.Define(endless, grammar.Sequence({grammar.Text("a"), grammar.Use(endless)}));
  grammar.SetStart(grammar.Use(endless));
  EXPECT_FALSE(GrammarSampler(grammar).HasText());
}

}  // namespace
}  // namespace fathom::test
