// Alternatives of a schema → expressions of a grammar: the writing half of the compiler.
//
// The same parts of a schema are written once, as a rule where they are large; a rule that is asked
// for while it is being written is what makes recursion.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/status.h"
#include "grammar/budget.h"
#include "grammar/common_forms.h"
#include "grammar/expression.h"
#include "grammar/json_schema.h"
#include "grammar/schema_alternatives.h"
#include "grammar/schema_check.h"
#include "grammar/schema_facts.h"
#include "grammar/string_form.h"

namespace fathom::grammar {

class SchemaWriter {
 public:
  // All outlive it.
  SchemaWriter(Grammar& grammar, CommonForms& common, const SchemaDocument& document,
               const SchemaOptions& options, Budget& budget)
      : grammar_(grammar),
        common_(common),
        document_(document),
        budget_(budget),
        alternatives_(document, budget),
        facts_(document, budget, options.open_objects),
        check_(document, alternatives_, facts_, budget) {}

  // The JSON text of a value that satisfies all nodes; kNever when none does.
  Result<ExprId> Value(const SchemaNodes& nodes);

  // The same, parted into strings as raw text and what is no string as JSON.
  struct Parts {
    ExprId text = -1, json = -1;  // kNever where there is nothing of the kind
  };
  Result<Parts> ValueParts(const SchemaNodes& nodes);

  // The alternatives of the root that are objects.
  Result<Alternatives> ObjectsOf(const SchemaNodes& nodes);
  FactReader& facts() { return facts_; }
  SchemaCheck& check() { return check_; }
  // What keys must be, by "propertyNames"; nothing when they may be anything.
  Result<std::optional<CodeDfa>> KeysOf(const ObjectFacts& facts);

  // kInvalidArgument when a rule that was written here can never come to its end.
  Status CheckEnds() const;
  // Why nothing satisfies the schema: the first place where nothing did.
  Status NothingSatisfies() const;

  bool IsNever(ExprId id) const { return grammar_.at(id).kind == ExprKind::kNever; }

 private:
  Result<ExprId> Write(const Alternatives& all);
  Result<ExprId> WriteListed(const std::vector<const json::Value*>& values, Types types);
  Status CheckNot(const Alternative& alternative);
  Result<ExprId> WriteTyped(const Alternative& alternative, Types type);
  Result<ExprId> WriteNumber(const Alternative& alternative);
  Result<ExprId> WriteString(const Alternative& alternative, StringForm form);
  Result<ExprId> WriteTextsIn(const TextFacts& facts, StringForm form);
  Result<ExprId> WriteArray(const Alternative& alternative);
  Result<ExprId> WriteObject(const Alternative& alternative);
  Result<CodeDfa> TextsOf(const SchemaNodes& nodes);

  struct MemberForm {
    ExprId form = -1;
    bool required = false;
  };
  Result<std::vector<MemberForm>> WriteMembers(const ObjectFacts& facts, bool* satisfiable);
  Result<ExprId> WriteOtherMember(const Alternative& alternative, const ObjectFacts& facts);
  ExprId MembersInOrder(const std::vector<MemberForm>& members, ExprId other);
  Result<ExprId> CountedMembers(const std::vector<MemberForm>& members, ExprId other,
                                const Counts& size);
  ExprId ListOf(ExprId item, int64_t low, int64_t high);
  Status CheckGrammar();
  void NoteNever(const SchemaNodes& nodes);

  struct Known {
    std::optional<ExprId> form;
    std::optional<RuleId> rule;  // made when it was asked for before its form was there
  };

  Grammar& grammar_;
  CommonForms& common_;
  const SchemaDocument& document_;
  Budget& budget_;
  SchemaAlternatives alternatives_;
  FactReader facts_;
  SchemaCheck check_;
  std::map<SchemaNodes, Known> known_;
  // Of texts with patterns and formats; many properties have the same ones.
  std::map<std::tuple<std::vector<const CodeDfa*>, int64_t, int64_t, StringForm>, ExprId> texts_;
  std::map<RuleId, SchemaNode> places_;  // of rules, for messages
  SchemaNode never_ = nullptr;
  int64_t depth_ = 0;
};

}  // namespace fathom::grammar
