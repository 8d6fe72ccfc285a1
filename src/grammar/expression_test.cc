#include "grammar/expression.h"

#include <gtest/gtest.h>

namespace fathom::grammar {
namespace {

TEST(Expression, SmallFormsAreTakenTogether) {
  Grammar grammar;
  const ExprId a = grammar.Text("a");
  EXPECT_EQ(grammar.Sequence({a}), a);
  EXPECT_EQ(grammar.Choice({a}), a);
  EXPECT_EQ(grammar.Repeat(a, 1, 1), a);
  EXPECT_EQ(grammar.at(grammar.Text("")).kind, ExprKind::kEmpty);
  EXPECT_EQ(grammar.at(grammar.Choice({})).kind, ExprKind::kNever);
  EXPECT_EQ(grammar.at(grammar.Repeat(a, 0, 0)).kind, ExprKind::kEmpty);
}

TEST(Expression, ARuleMayUseItself) {
  Grammar grammar;
  const RuleId list = grammar.Declare("list");
  grammar.Define(list, grammar.Sequence({grammar.Text("("), grammar.Optional(grammar.Use(list)),
                                         grammar.Text(")")}));
  EXPECT_EQ(grammar.at(grammar.body(list)).kind, ExprKind::kSequence);
}

TEST(Expression, BytesAreASet) {
  ByteSet set;
  set.AddRange(0x7e, 0x81);
  EXPECT_FALSE(set.Has(0x7d));
  EXPECT_TRUE(set.Has(0x7e));
  EXPECT_TRUE(set.Has(0x81));
  EXPECT_FALSE(set.Has(0x82));
}

}  // namespace
}  // namespace fathom::grammar
