#include "grammar/common_forms.h"

#include <algorithm>
#include <utility>

#include "grammar/number_form.h"
#include "grammar/string_form.h"
#include "json/write.h"

namespace fathom::grammar {
namespace {

constexpr int64_t kMaxBlanks = 64;

}  // namespace

ExprId CommonForms::AsRule(std::string name, ExprId body) {
  const RuleId rule = grammar_.Declare(std::move(name));
  grammar_.Define(rule, body);
  return grammar_.Use(rule);
}

ExprId CommonForms::Blank() {
  return Once(kBlank, [&] {
    if (spacing_ == Spacing::kPython) return grammar_.Empty();
    ByteSet blank;
    blank.Add(' ');
    blank.Add('\t');
    return AsRule("blank",
                  grammar_.Sequence({grammar_.Optional(grammar_.Text("\n")),
                                     grammar_.Repeat(grammar_.Bytes(blank), 0, kMaxBlanks)}));
  });
}

ExprId CommonForms::Separator() {
  return Once(kSeparator, [&] {
    if (spacing_ == Spacing::kPython) return grammar_.Text(", ");
    return grammar_.Sequence({Blank(), grammar_.Text(","), Blank()});
  });
}

ExprId CommonForms::Colon() {
  return Once(kColon, [&] {
    if (spacing_ == Spacing::kPython) return grammar_.Text(": ");
    return grammar_.Sequence({Blank(), grammar_.Text(":"), Blank()});
  });
}

ExprId CommonForms::AnyString() {
  return Once(kString, [&] {
    return AsRule("string", grammar_.Sequence({grammar_.Text("\""),
                                               grammar_.Dfa(AnyCharacters(StringForm::kJson)),
                                               grammar_.Text("\"")}));
  });
}

ExprId CommonForms::AnyText() {
  return Once(kText, [&] { return grammar_.Dfa(AnyCharacters(StringForm::kRaw)); });
}

ExprId CommonForms::Boolean() {
  return Once(kBoolean, [&] {
    return grammar_.Choice({grammar_.Text("true"), grammar_.Text("false")});
  });
}

Result<ExprId> CommonForms::AnyNumber(bool whole, Budget& budget) {
  std::optional<ExprId>& made = made_[whole ? kInteger : kNumber];
  if (!made) {
    FATHOM_ASSIGN_OR_RETURN(const ExprId form,
                            WriteNumbers(grammar_, NumberRange{.whole = whole}, budget));
    made = AsRule(whole ? "integer" : "number", form);
  }
  return *made;
}

ExprId CommonForms::Enclosed(std::string_view open, ExprId inside, std::string_view close) {
  if (spacing_ == Spacing::kPython) {
    return grammar_.Sequence({grammar_.Text(open), inside, grammar_.Text(close)});
  }
  return grammar_.Sequence({grammar_.Text(open), Blank(), inside, Blank(), grammar_.Text(close)});
}

ExprId CommonForms::AnyJson() {
  if (made_[kJson]) return *made_[kJson];
  const RuleId value = grammar_.Declare("any value");
  made_[kJson] = grammar_.Use(value);
  const auto list = [&](ExprId item) {
    return grammar_.Optional(grammar_.Sequence(
        {item, grammar_.Repeat(grammar_.Sequence({Separator(), item}), 0, kUnbounded)}));
  };
  const ExprId member = grammar_.Sequence({AnyString(), Colon(), *made_[kJson]});
  made_[kArray] = AsRule("any array", Enclosed("[", list(*made_[kJson]), "]"));
  made_[kObject] = AsRule("any object", Enclosed("{", list(member), "}"));
  Budget budget(GrammarLimits{.seconds = 1e9});
  Result<ExprId> number = AnyNumber(/*whole=*/false, budget);
  grammar_.Define(value, grammar_.Choice({AnyString(), number.value(), *made_[kObject],
                                          *made_[kArray], Boolean(), Null()}));
  return *made_[kJson];
}

ExprId CommonForms::AnyArray() {
  AnyJson();
  return *made_[kArray];
}

ExprId CommonForms::AnyObject() {
  AnyJson();
  return *made_[kObject];
}

ExprId CommonForms::Literal(const json::Value& value) {
  if (!value.is_array() && !value.is_object()) {
    return grammar_.Text(json::Dump(value, json::Style::kCompact));
  }
  std::vector<ExprId> parts;
  const auto add = [&](std::vector<ExprId> part) {
    if (!parts.empty()) parts.push_back(Separator());
    std::ranges::copy(part, std::back_inserter(parts));
  };
  if (value.is_array()) {
    for (const json::Value& item : value.array()) add({Literal(item)});
    return Enclosed("[", grammar_.Sequence(std::move(parts)), "]");
  }
  for (const json::Member& member : value.object()) {
    std::string key;
    json::DumpString(member.key, &key);
    add({grammar_.Text(key), Colon(), Literal(member.value)});
  }
  return Enclosed("{", grammar_.Sequence(std::move(parts)), "}");
}

}  // namespace fathom::grammar
