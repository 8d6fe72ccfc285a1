#include "grammar/matcher.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "support/grammar_walk.h"

namespace fathom::grammar {
namespace {

using test::MakeSmallVocabulary;
using test::SmallVocabulary;

const SmallVocabulary& Small() {
  static const SmallVocabulary small = MakeSmallVocabulary();
  return small;
}

// A sequence of random numbers.
class Dice {
 public:
  explicit Dice(uint64_t seed) : seed_(seed) {}
  size_t operator()(size_t limit) {
    return static_cast<size_t>(RandomUniform(seed_, 7, position_++) * static_cast<double>(limit));
  }

 private:
  uint64_t seed_, position_ = 0;
};

std::shared_ptr<const CompiledGrammar> MustCompile(const Grammar& grammar,
                                                   const AutomatonOptions& options = {}) {
  auto automaton = MakeAutomaton(grammar, {.seconds = 60}, options);
  EXPECT_TRUE(automaton.ok()) << automaton.status().message();
  return std::make_shared<const CompiledGrammar>(std::move(automaton).value(), Small().table);
}

bool Allows(Matcher& matcher, int32_t token) {
  return (matcher.Allowed()[static_cast<size_t>(token) / 64] >> (token % 64) & 1) != 0;
}

std::string Allowed(Matcher& matcher) {
  std::string bytes;
  const auto mask = matcher.Allowed();
  for (int byte = 0; byte < 256; ++byte) {
    if ((mask[static_cast<size_t>(byte) / 64] >> (byte % 64) & 1) != 0) {
      bytes += static_cast<char>(byte);
    }
  }
  return bytes;
}

TEST(Matcher, FollowsAText) {
  Grammar grammar;
  grammar.SetStart(grammar.Text("ab"));
  Matcher matcher(MustCompile(grammar));
  EXPECT_EQ(Allowed(matcher), "a");
  EXPECT_FALSE(matcher.CanEnd());
  EXPECT_FALSE(matcher.Accept('b'));
  EXPECT_FALSE(matcher.Accept(Small().eos));
  EXPECT_TRUE(matcher.Accept('a'));
  EXPECT_TRUE(matcher.Accept('b'));
  EXPECT_TRUE(matcher.CanEnd());
  EXPECT_FALSE(matcher.ended());
  EXPECT_EQ(Allowed(matcher), "");
  EXPECT_TRUE(Allows(matcher, Small().eos));
  EXPECT_TRUE(matcher.Accept(Small().eos));
  EXPECT_TRUE(matcher.ended());
  EXPECT_TRUE(Allows(matcher, Small().eos));
  EXPECT_FALSE(matcher.Accept('a'));
  EXPECT_FALSE(matcher.AcceptText("a"));
}

TEST(Matcher, NumbersThatAreNoTokensAreRefused) {
  Grammar grammar;
  grammar.SetStart(grammar.Text("ab"));
  Matcher matcher(MustCompile(grammar));
  for (const int32_t token :
       {-1, INT32_MIN, INT32_MAX, Small().eos + 1, Small().eos + 70, Small().special}) {
    EXPECT_FALSE(matcher.Accept(token)) << token;
  }
  EXPECT_TRUE(matcher.AcceptText("ab"));
}

TEST(Matcher, TextIsTakenWholeOrNotAtAll) {
  Grammar grammar;
  grammar.SetStart(grammar.Text("abab"));
  Matcher matcher(MustCompile(grammar));
  EXPECT_FALSE(matcher.AcceptText("aba("));
  EXPECT_TRUE(matcher.AcceptText("ab"));
  EXPECT_FALSE(matcher.AcceptText("aba"));
  EXPECT_TRUE(matcher.AcceptText(""));
  EXPECT_TRUE(matcher.AcceptText("ab"));
  EXPECT_TRUE(matcher.CanEnd());
}

TEST(Matcher, ATokenOfTheVocabularyIsNotItsBytes) {
  Grammar grammar;
  grammar.SetStart(grammar.Sequence({grammar.Text("a"), grammar.Token(Small().special)}));
  Matcher matcher(MustCompile(grammar));
  EXPECT_TRUE(matcher.AcceptText("a"));
  EXPECT_EQ(Allowed(matcher), "");
  EXPECT_FALSE(matcher.AcceptText("<mark>"));
  EXPECT_TRUE(matcher.Accept(Small().special));
  EXPECT_TRUE(matcher.CanEnd());

  grammar.SetStart(grammar.Text("<mark>"));
  Matcher spelled(MustCompile(grammar));
  EXPECT_FALSE(spelled.Accept(Small().special));
  EXPECT_TRUE(spelled.AcceptText("<mark>"));
}

// As deep as anybody likes, and the stack is swept on the way.
TEST(Matcher, BracketsAreCounted) {
  Grammar grammar;
  const RuleId list = grammar.Declare("list");
  grammar.Define(
      list, grammar.Sequence({grammar.Text("("), grammar.Repeat(grammar.Use(list), 0, kUnbounded),
                              grammar.Text(")")}));
  grammar.SetStart(grammar.Use(list));
  Matcher matcher(MustCompile(grammar));
  for (int depth = 0; depth < 3000; ++depth) {
    ASSERT_TRUE(matcher.AcceptText("(")) << depth;
    ASSERT_TRUE(matcher.AcceptText("()")) << depth;
    ASSERT_FALSE(matcher.CanEnd()) << depth;
  }
  for (int depth = 0; depth < 3000; ++depth) {
    ASSERT_FALSE(matcher.CanEnd()) << depth;
    ASSERT_TRUE(matcher.AcceptText(")")) << depth;
  }
  EXPECT_TRUE(matcher.CanEnd());
  EXPECT_EQ(Allowed(matcher), "");
  EXPECT_FALSE(matcher.AcceptText(")"));
}

TEST(Matcher, ALargeRepetitionIsCounted) {
  constexpr int kTimes = 1 << 20;
  Grammar grammar;
  grammar.SetStart(grammar.Sequence(
      {grammar.Repeat(grammar.Text("ab"), kTimes - 1, kTimes), grammar.Text("(")}));
  const auto compiled = MustCompile(grammar);
  EXPECT_LT(compiled->automaton().states(), 20u);
  Matcher matcher(compiled);
  std::string many;
  for (int i = 0; i < 1 << 10; ++i) many += "ab";
  for (int i = 0; i < (1 << 10) - 1; ++i) ASSERT_TRUE(matcher.AcceptText(many));
  ASSERT_TRUE(matcher.AcceptText(many.substr(0, many.size() - 4)));
  EXPECT_EQ(Allowed(matcher), "a");  // kTimes - 2 so far
  ASSERT_TRUE(matcher.AcceptText("ab"));
  EXPECT_EQ(Allowed(matcher), "(a");
  ASSERT_TRUE(matcher.AcceptText("ab"));
  EXPECT_EQ(Allowed(matcher), "(");
}

// Two ways to read every letter: 2^n stacks, if they were kept apart.
TEST(Matcher, AmbiguityDoesNotGrow) {
  Grammar grammar;
  const RuleId rule = grammar.Declare("rule");
  const ExprId use = grammar.Use(rule);
  grammar.Define(rule, grammar.Choice({
                           grammar.Sequence({grammar.Text("a"), use, grammar.Text("b")}),
                           grammar.Sequence({grammar.Text("a"), use, grammar.Text("(")}),
                           grammar.Text("aab"),
                       }));
  grammar.SetStart(use);
  Matcher matcher(MustCompile(grammar));
  for (int i = 0; i < 2000; ++i) {
    ASSERT_TRUE(matcher.AcceptText("a"));
    ASSERT_EQ(Allowed(matcher), i < 1 ? "a" : "ab");
  }
  for (int i = 0; i < 1999; ++i) ASSERT_TRUE(matcher.AcceptText(i % 2 == 0 ? "b" : "(")) << i;
  EXPECT_TRUE(matcher.CanEnd());
  EXPECT_FALSE(matcher.narrowed());
}

// A list written as recursion ends all its rules at once; it must not grow the stack.
TEST(Matcher, ALongListWrittenAsRecursion) {
  Grammar grammar;
  const RuleId list = grammar.Declare("list");
  grammar.Define(list, grammar.Sequence({grammar.Text("ab"), grammar.Optional(grammar.Use(list))}));
  grammar.SetStart(grammar.Sequence({grammar.Use(list), grammar.Text("(")}));
  Matcher matcher(MustCompile(grammar));
  for (int i = 0; i < 50'000; ++i) ASSERT_TRUE(matcher.AcceptText("ab"));
  EXPECT_EQ(Allowed(matcher), "(a");
}

struct Form {
  const char* name;
  AutomatonOptions options;
};
const Form kForms[] = {
    {"as it is", {}},
    {"loops are counted", {.unrolled_states = 1}},
    {"all is shared", {.unrolled_states = 1, .hoisted_size = 1, .inlined_size = 0}},
    {"with choices", {.hoisted_size = 1000, .growth = 0, .growth_floor = 0}},
    {"with choices and counts", {.unrolled_states = 1, .growth = 0, .growth_floor = 0}},
};

TEST(Matcher, RandomGrammarsMatchTheSlowRecogniser) {
  int followed = 0, impossible = 0, recursive = 0;
  for (uint64_t seed = 0; seed < 600; ++seed) {
    Dice dice(seed);
    std::vector<uint8_t> bytes(80);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(dice(256));
    test::ByteSource source(bytes);
    const Grammar grammar = test::RandomGrammar(&source, Small().special).Make();
    const bool possible = test::SlowCanContinue(grammar, "");
    for (const Form& form : kForms) {
      auto automaton = MakeAutomaton(grammar, {.seconds = 60}, form.options);
      if (!automaton.ok()) {
        ASSERT_EQ(automaton.status().code(), Code::kInvalidArgument)
            << automaton.status().message() << ", seed " << seed << ", " << form.name;
        const bool begins =
            automaton.status().message().find("begins with itself") != std::string::npos;
        ASSERT_TRUE(begins || !possible) << seed << " " << form.name;
        ++(begins ? recursive : impossible);
        continue;
      }
      ASSERT_TRUE(possible) << seed << " " << form.name;
      const auto compiled =
          std::make_shared<const CompiledGrammar>(std::move(automaton).value(), Small().table);
      ASSERT_EQ(test::CompareWalk(grammar, Small(), compiled, 6, dice), "")
          << "seed " << seed << ", " << form.name;
      ++followed;
    }
  }
  EXPECT_GT(followed, 1000);
  EXPECT_GT(impossible, 20);
  EXPECT_GT(recursive, 20);
}

TEST(Matcher, ManyThreadsShareAGrammar) {
  Grammar grammar;
  const RuleId list = grammar.Declare("list");
  grammar.Define(
      list, grammar.Sequence(
                {grammar.Text("("),
                 grammar.Repeat(grammar.Choice({grammar.Use(list), grammar.Text("ab")}), 0, 100),
                 grammar.Text("b")}));
  grammar.SetStart(grammar.Use(list));
  const auto compiled = MustCompile(grammar);
  std::vector<std::thread> threads;
  std::vector<std::string> wrong(4);
  for (size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back(
        [&, t] { wrong[t] = test::CompareWalk(grammar, Small(), compiled, 12, Dice(t)); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& each : wrong) EXPECT_EQ(each, "");
}

}  // namespace
}  // namespace fathom::grammar
