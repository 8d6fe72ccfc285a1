// Forms that say nothing about a schema: blanks, separators, values of any kind.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "grammar/budget.h"
#include "grammar/expression.h"
#include "grammar/json_schema.h"
#include "json/value.h"

namespace fathom::grammar {

// Each is made when it is first asked for. One for each spacing, shared by all schemas of a
// request.
class CommonForms {
 public:
  CommonForms(Grammar& grammar, Spacing spacing) : grammar_(grammar), spacing_(spacing) {}

  ExprId Blank();      // between two marks
  ExprId Separator();  // "," and what stands around it
  ExprId Colon();
  ExprId AnyString();
  ExprId AnyText();  // raw
  ExprId AnyJson();  // any value
  ExprId AnyArray();
  ExprId AnyObject();
  ExprId Null() {
    return Once(kNull, [&] { return grammar_.Text("null"); });
  }
  ExprId Boolean();
  Result<ExprId> AnyNumber(bool whole, Budget& budget);
  // A rule of this expression.
  ExprId AsRule(std::string name, ExprId body);
  // With blanks inside the marks.
  ExprId Enclosed(std::string_view open, ExprId inside, std::string_view close);
  // A value as it stands, spacing apart.
  ExprId Literal(const json::Value& value);

 private:
  enum Piece {
    kBlank,
    kSeparator,
    kColon,
    kString,
    kText,
    kJson,
    kArray,
    kObject,
    kNull,
    kBoolean,
    kNumber,
    kInteger,
    kPieces
  };
  template <typename Make>
  ExprId Once(Piece piece, Make make) {
    if (!made_[piece]) made_[piece] = make();
    return *made_[piece];
  }

  Grammar& grammar_;
  const Spacing spacing_;
  std::array<std::optional<ExprId>, kPieces> made_;
};

}  // namespace fathom::grammar
