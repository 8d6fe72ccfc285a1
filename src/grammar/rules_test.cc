#include "grammar/rules.h"

#include <gtest/gtest.h>

#include <string>

#include "base/clock.h"
#include "grammar/matcher.h"
#include "support/grammar_walk.h"

namespace fathom::grammar {
namespace {

Status Refusal(const Grammar& grammar, const GrammarLimits& limits = {.seconds = 60}) {
  return MakeAutomaton(grammar, limits).status();
}

TEST(Rules, ARuleThatBeginsWithItselfIsNamed) {
  Grammar grammar;
  const RuleId sum = grammar.Declare("sum");
  grammar.Define(sum, grammar.Choice({grammar.Text("a"),
                                      grammar.Sequence({grammar.Use(sum), grammar.Text("+a")})}));
  grammar.SetStart(grammar.Sequence({grammar.Text("="), grammar.Use(sum)}));
  EXPECT_EQ(Refusal(grammar).code(), Code::kInvalidArgument);
  EXPECT_EQ(Refusal(grammar).message(), "the rule \"sum\" begins with itself");
}

// Through another rule, and behind something that may be empty.
TEST(Rules, ARuleMayNotBeginWithItselfInAnyWay) {
  Grammar grammar;
  const RuleId a = grammar.Declare("a"), b = grammar.Declare("b");
  const ExprId blanks = grammar.Repeat(grammar.Text(" "), 0, kUnbounded);
  grammar.Define(a, grammar.Sequence({blanks, grammar.Use(b), grammar.Text("x")}));
  grammar.Define(
      b, grammar.Choice({grammar.Text("y"),
                         grammar.Sequence({grammar.Optional(grammar.Text("(")), grammar.Use(a)})}));
  grammar.SetStart(grammar.Use(a));
  EXPECT_EQ(Refusal(grammar).code(), Code::kInvalidArgument);
  EXPECT_NE(Refusal(grammar).message().find("begins with itself"), std::string::npos);
}

TEST(Rules, WhatMatchesNothingIsRefused) {
  Grammar grammar;
  const RuleId endless = grammar.Declare("endless");
  grammar.Define(endless, grammar.Sequence({grammar.Text("("), grammar.Use(endless)}));
  for (const ExprId start :
       {grammar.Never(), grammar.Use(endless), grammar.Bytes(ByteSet()), grammar.Dfa({}),
        grammar.Sequence({grammar.Text("a"), grammar.Never()}),
        grammar.Repeat(grammar.Never(), 1, 3)}) {
    grammar.SetStart(start);
    EXPECT_EQ(Refusal(grammar).code(), Code::kInvalidArgument);
  }
  // A part of it is no reason.
  grammar.SetStart(grammar.Choice({grammar.Use(endless), grammar.Text("a")}));
  EXPECT_TRUE(Refusal(grammar).ok());
}

TEST(Rules, LargeRepetitionsAreNotWrittenOut) {
  Grammar grammar;
  ByteSet set;
  set.AddRange('a', 'z');
  const ExprId words =
      grammar.Repeat(grammar.Sequence({grammar.Bytes(set), grammar.Text("b")}), 0, 1 << 20);
  grammar.SetStart(grammar.Repeat(grammar.Sequence({grammar.Text("("), words}), 1 << 19, 1 << 20));
  const auto automaton = MakeAutomaton(grammar, {});
  ASSERT_TRUE(automaton.ok());
  EXPECT_LT(automaton->states(), 20u);
}

// Doubled thirty times: a gigabyte, were it written out.
TEST(Rules, SharedPartsAreWrittenOnce) {
  Grammar grammar;
  ExprId all = grammar.Text("abcdefghijklmnopqrstuvwxyz");
  for (int i = 0; i < 30; ++i) all = grammar.Sequence({all, all});
  grammar.SetStart(all);
  const auto automaton = MakeAutomaton(grammar, {});
  ASSERT_TRUE(automaton.ok()) << automaton.status().message();
  EXPECT_LT(automaton->states(), 5000u);
}

TEST(Rules, LimitsHold) {
  Grammar grammar;
  std::vector<ExprId> texts;
  for (int i = 0; i < 2000; ++i) texts.push_back(grammar.Text(fmt::format("{:b} and more", i)));
  grammar.SetStart(grammar.Choice(texts));
  const Status states = Refusal(grammar, {.states = 1000, .seconds = 60});
  EXPECT_EQ(states.code(), Code::kResourceExhausted);
  EXPECT_EQ(states.message(), "the grammar needs more than 1000 states");
  const Status seconds = Refusal(grammar, {.seconds = 0});
  EXPECT_EQ(seconds.code(), Code::kResourceExhausted);
  EXPECT_EQ(seconds.message(), "the grammar takes more than 0 s of processor time to compile");
  EXPECT_TRUE(Refusal(grammar).ok());

  ExprId deep = grammar.Text("a");
  for (int i = 0; i < 5000; ++i)
    deep = grammar.Optional(grammar.Sequence({deep, grammar.Text("b")}));
  grammar.SetStart(deep);
  EXPECT_EQ(Refusal(grammar).code(), Code::kResourceExhausted);
}

// A pattern whose deterministic machine has 2^40 states stays one with choices.
TEST(Rules, AMachineThatWouldExplodeKeepsItsChoices) {
  Grammar grammar;
  ByteSet ab;
  ab.Add('a');
  ab.Add('b');
  const ExprId any = grammar.Bytes(ab);
  std::vector<ExprId> parts = {grammar.Repeat(any, 0, kUnbounded), grammar.Text("a")};
  for (int i = 0; i < 40; ++i) parts.push_back(any);
  grammar.SetStart(grammar.Sequence(parts));
  const auto automaton = MakeAutomaton(grammar, {});
  ASSERT_TRUE(automaton.ok()) << automaton.status().message();
  EXPECT_LT(automaton->states(), 100u);
  const test::SmallVocabulary small = test::MakeSmallVocabulary();
  const auto compiled = std::make_shared<const CompiledGrammar>(*automaton, small.table);
  Matcher matcher(compiled);
  std::string text;
  for (int i = 0; i < 100; ++i) text += i % 3 == 0 ? 'a' : 'b';
  ASSERT_TRUE(matcher.AcceptText(text));
  EXPECT_FALSE(matcher.narrowed());
  EXPECT_EQ(matcher.CanEnd(), text[text.size() - 41] == 'a');
}

TEST(Rules, AVocabularyMustBeAbleToSayIt) {
  Vocabulary vocabulary;
  ASSERT_TRUE(vocabulary.Add(0, "a", TokenKind::kOrdinary).ok());
  ASSERT_TRUE(vocabulary.Add(1, "bc", TokenKind::kOrdinary).ok());
  ASSERT_TRUE(vocabulary.Add(2, "<end>", TokenKind::kSpecial).ok());
  const auto table = MakeTokenTable(vocabulary, 3, {2});
  Grammar grammar;
  grammar.SetStart(grammar.Text("aa"));
  EXPECT_TRUE(Compile(grammar, table, {}).ok());
  grammar.SetStart(grammar.Text("abc"));
  EXPECT_EQ(Compile(grammar, table, {}).status().message(),
            "the vocabulary has no token for the byte 0x62 alone");
  for (const int32_t token : {-1, 0, 2, 3}) {
    grammar.SetStart(grammar.Token(token));
    EXPECT_EQ(Compile(grammar, table, {}).status().code(), Code::kUnsupported) << token;
  }
}

}  // namespace
}  // namespace fathom::grammar
