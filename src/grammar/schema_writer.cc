#include "grammar/schema_writer.h"

#include <algorithm>
#include <utility>

#include "grammar/format.h"
#include "json/write.h"

namespace fathom::grammar {
namespace {

// An automaton that takes these texts and no other.
ByteDfa TrieOf(const std::vector<std::string>& texts) {
  std::vector<std::map<uint8_t, int32_t>> next(1);
  std::vector<uint8_t> accepting(1, 0);
  for (const std::string& text : texts) {
    size_t state = 0;
    for (const char c : text) {
      const auto [edge, added] =
          next[state].try_emplace(static_cast<uint8_t>(c), static_cast<int32_t>(next.size()));
      state = static_cast<size_t>(edge->second);
      if (!added) continue;
      next.emplace_back();
      accepting.push_back(0);
    }
    accepting[state] = 1;
  }
  ByteDfa dfa;
  for (size_t state = 0; state < next.size(); ++state) {
    dfa.states.push_back({{}, accepting[state] != 0});
    for (const auto& [byte, target] : next[state]) {
      dfa.states.back().edges.push_back({byte, byte, target});
    }
  }
  return dfa;
}

}  // namespace

Status SchemaWriter::CheckGrammar() {
  if (static_cast<int64_t>(grammar_.expressions()) > budget_.limits().expressions) {
    return ResourceExhausted("the schema needs more than {} expressions",
                             budget_.limits().expressions);
  }
  return budget_.Spend(0);
}

Result<ExprId> SchemaWriter::Value(const SchemaNodes& nodes) {
  SchemaNodes key = nodes;
  std::ranges::sort(key);
  const auto same = std::ranges::unique(key);
  key.erase(same.begin(), same.end());
  const auto [found, added] = known_.try_emplace(key);
  Known& known = found->second;
  if (known.form) return *known.form;
  if (!added) {
    // It is being written: a value inside itself.
    if (!known.rule) {
      known.rule = grammar_.Declare("value");
      places_[*known.rule] = nodes.empty() ? document_.root() : nodes[0];
    }
    return grammar_.Use(*known.rule);
  }
  if (++depth_ > budget_.limits().schema_depth) {
    return document_.At(nodes.empty() ? document_.root() : nodes[0],
                        ResourceExhausted("more than {} schemas inside one another",
                                          budget_.limits().schema_depth));
  }
  FATHOM_RETURN_IF_ERROR(CheckGrammar());
  FATHOM_ASSIGN_OR_RETURN(const Alternatives all, alternatives_.Of(nodes));
  FATHOM_RETURN_IF_ERROR(check_.CheckExclusive());
  FATHOM_ASSIGN_OR_RETURN(ExprId form, Write(all));
  --depth_;
  if (IsNever(form)) NoteNever(nodes);
  if (known.rule) {
    grammar_.Define(*known.rule, form);
    if (!IsNever(form)) form = grammar_.Use(*known.rule);
  } else if (const ExprKind kind = grammar_.at(form).kind;
             kind == ExprKind::kSequence || kind == ExprKind::kChoice) {
    form = common_.AsRule("value", form);
  }
  known.form = form;
  return form;
}

Result<ExprId> SchemaWriter::Write(const Alternatives& all) {
  std::vector<ExprId> parts;
  const auto add = [&](ExprId part) {
    if (!IsNever(part) && std::ranges::find(parts, part) == parts.end()) parts.push_back(part);
  };
  for (const Alternative& alternative : all) {
    if (alternative.facts.empty() && alternative.types == kAllTypes) {
      add(common_.AnyJson());
      continue;
    }
    FATHOM_ASSIGN_OR_RETURN(const auto listed, check_.Listed(alternative));
    if (listed) {
      FATHOM_ASSIGN_OR_RETURN(const ExprId form, WriteListed(*listed, alternative.types));
      add(form);
      continue;
    }
    for (Types type = 1; type <= kObjectType; type = static_cast<Types>(type << 1)) {
      if ((alternative.types & type) == 0) continue;
      FATHOM_ASSIGN_OR_RETURN(const ExprId form, WriteTyped(alternative, type));
      add(form);
    }
  }
  return grammar_.Choice(std::move(parts));
}

Result<ExprId> SchemaWriter::WriteListed(const std::vector<const json::Value*>& values,
                                         Types types) {
  std::vector<std::string> plain;
  std::vector<ExprId> parts;
  for (const json::Value* value : values) {
    FATHOM_ASSIGN_OR_RETURN(const Types type, TypeOf(*value));
    if ((type & types) == 0) continue;
    if (value->is_array() || value->is_object()) {
      parts.push_back(common_.Literal(*value));
      FATHOM_RETURN_IF_ERROR(CheckGrammar());
    } else {
      plain.push_back(json::Dump(*value, json::Style::kCompact));
    }
  }
  if (plain.size() == 1) parts.push_back(grammar_.Text(plain[0]));
  if (plain.size() > 1) parts.push_back(grammar_.Dfa(TrieOf(plain)));
  return grammar_.Choice(std::move(parts));
}

// "not" that says more than types, which have been taken from `types`, is asked of listed values
// alone.
Status SchemaWriter::CheckNot(const Alternative& alternative) {
  for (const SchemaNode fact : alternative.facts) {
    const json::Value* inner = fact->Find("not");
    if (inner == nullptr || inner->is_bool()) continue;
    const bool only_types = std::ranges::all_of(inner->object(), [](const json::Member& member) {
      return member.key == "type" || member.key == "title" || member.key == "description";
    });
    if (only_types) continue;
    return document_.At(fact, Unsupported("not: only types and listed values can be excluded"));
  }
  return {};
}

Result<ExprId> SchemaWriter::WriteTyped(const Alternative& alternative, Types type) {
  FATHOM_RETURN_IF_ERROR(CheckGrammar());
  FATHOM_RETURN_IF_ERROR(CheckNot(alternative));
  switch (type) {
    case kNullType:
      return common_.Null();
    case kBoolType:
      return common_.Boolean();
    case kIntegerType:
      return WriteNumber(alternative);
    case kFractionType:
      // With whole numbers among them both are written at once.
      if ((alternative.types & kIntegerType) != 0) return grammar_.Never();
      if (alternative.facts.empty()) return Unsupported("numbers that aren't whole alone");
      return document_.At(alternative.facts[0],
                          Unsupported("not: whole numbers alone can't be excluded"));
    case kStringType:
      return WriteString(alternative, StringForm::kJson);
    case kArrayType:
      return WriteArray(alternative);
    default:
      return WriteObject(alternative);
  }
}

Result<ExprId> SchemaWriter::WriteNumber(const Alternative& alternative) {
  FATHOM_ASSIGN_OR_RETURN(const NumberRange range, facts_.Numbers(alternative));
  if (!range.IsBounded() && range.multiple_of == 1) {
    return common_.AnyNumber(range.whole, budget_);
  }
  FATHOM_ASSIGN_OR_RETURN(const ExprId form, WriteNumbers(grammar_, range, budget_));
  return IsNever(form) ? form : common_.AsRule("number", form);
}

Result<ExprId> SchemaWriter::WriteString(const Alternative& alternative, StringForm form) {
  FATHOM_ASSIGN_OR_RETURN(const TextFacts facts, facts_.Text(alternative));
  if (facts.length.IsEmpty()) return grammar_.Never();
  if (facts.forms.empty() && facts.length == Counts{}) {
    return form == StringForm::kJson ? common_.AnyString() : common_.AnyText();
  }
  FATHOM_ASSIGN_OR_RETURN(const ExprId inside, WriteTextsIn(facts, form));
  if (form == StringForm::kRaw || IsNever(inside)) return inside;
  return grammar_.Sequence({grammar_.Text("\""), inside, grammar_.Text("\"")});
}

Result<ExprId> SchemaWriter::WriteTextsIn(const TextFacts& facts, StringForm form) {
  if (facts.forms.empty()) {
    return grammar_.Repeat(grammar_.Dfa(AnyCharacter(form)), facts.length.low, facts.length.high);
  }
  const auto [known, added] =
      texts_.try_emplace({facts.forms, facts.length.low, facts.length.high, form}, -1);
  if (!added) return known->second;
  const ByteDfa* written = WrittenFormat(facts.forms[0], form);
  if (written != nullptr && facts.forms.size() == 1 && facts.length == Counts{}) {
    return known->second = common_.AsRule("text", grammar_.Dfa(*written));
  }
  FATHOM_ASSIGN_OR_RETURN(const CodeDfa dfa, facts_.TextsOf(facts));
  if (dfa.AcceptsNothing()) return known->second = grammar_.Never();
  FATHOM_ASSIGN_OR_RETURN(ByteDfa bytes, WriteTexts(dfa, form, budget_));
  return known->second = common_.AsRule("text", grammar_.Dfa(std::move(bytes)));
}

// low to high items with separators between them.
ExprId SchemaWriter::ListOf(ExprId item, int64_t low, int64_t high) {
  if (high == 0) return grammar_.Empty();
  const ExprId more =
      grammar_.Repeat(grammar_.Sequence({common_.Separator(), item}), std::max<int64_t>(low - 1, 0),
                      high == kUnbounded ? kUnbounded : high - 1);
  const ExprId list = grammar_.Sequence({item, more});
  return low == 0 ? grammar_.Optional(list) : list;
}

Result<ExprId> SchemaWriter::WriteArray(const Alternative& alternative) {
  FATHOM_ASSIGN_OR_RETURN(const ArrayFacts facts, facts_.Array(alternative));
  auto [low, high] = facts.length;
  // An item that nothing satisfies, and what is behind it, can't be there.
  std::vector<ExprId> first;
  for (const SchemaNodes& nodes : facts.first) {
    if (high != kUnbounded && static_cast<int64_t>(first.size()) >= high) break;
    FATHOM_ASSIGN_OR_RETURN(const ExprId item, Value(nodes));
    if (IsNever(item)) {
      high = static_cast<int64_t>(first.size());
      break;
    }
    first.push_back(item);
  }
  const auto places = static_cast<int64_t>(first.size());
  ExprId tail = grammar_.Empty();
  if (high == kUnbounded || high > places) {
    if (facts.rest.empty() && places == 0 && facts.length == Counts{}) return common_.AnyArray();
    FATHOM_ASSIGN_OR_RETURN(const ExprId item, Value(facts.rest));
    if (IsNever(item)) {
      high = places;
    } else if (places == 0) {
      if (facts.length.IsEmpty()) return grammar_.Never();
      return common_.Enclosed("[", ListOf(item, low, high), "]");
    } else {
      tail = grammar_.Repeat(grammar_.Sequence({common_.Separator(), item}),
                             std::max<int64_t>(low - places, 0),
                             high == kUnbounded ? kUnbounded : high - places);
    }
  }
  if (high != kUnbounded && high < low) return grammar_.Never();
  // From the last place to the first: what may follow the item before.
  for (int64_t i = places - 1; i >= 0; --i) {
    std::vector<ExprId> parts = {first[static_cast<size_t>(i)], tail};
    if (i > 0) parts.insert(parts.begin(), common_.Separator());
    tail = grammar_.Sequence(std::move(parts));
    // One rule a place keeps the expression flat, however long the tuple is.
    if (i >= low) tail = common_.AsRule("items", grammar_.Optional(tail));
    if (i % 16 == 15) tail = common_.AsRule("items", tail);
    FATHOM_RETURN_IF_ERROR(CheckGrammar());
  }
  return common_.Enclosed("[", tail, "]");
}

Result<SchemaWriter::Parts> SchemaWriter::ValueParts(const SchemaNodes& nodes) {
  FATHOM_ASSIGN_OR_RETURN(const Alternatives all, alternatives_.Of(nodes));
  FATHOM_RETURN_IF_ERROR(check_.CheckExclusive());
  std::vector<ExprId> texts;
  Alternatives others;
  for (const Alternative& alternative : all) {
    Alternative other = alternative;
    other.types &= static_cast<Types>(~kStringType);
    if (other.types != 0) others.push_back(other);
    if ((alternative.types & kStringType) == 0) continue;
    FATHOM_ASSIGN_OR_RETURN(const auto listed, check_.Listed(alternative));
    if (listed) {
      std::vector<std::string> strings;
      for (const json::Value* value : *listed) {
        if (value->is_string()) strings.push_back(value->string());
      }
      if (strings.size() == 1) texts.push_back(grammar_.Text(strings[0]));
      if (strings.size() > 1) texts.push_back(grammar_.Dfa(TrieOf(strings)));
      continue;
    }
    Alternative strings = alternative;
    strings.types = kStringType;
    FATHOM_RETURN_IF_ERROR(CheckNot(strings));
    FATHOM_ASSIGN_OR_RETURN(const ExprId text, WriteString(strings, StringForm::kRaw));
    if (!IsNever(text)) texts.push_back(text);
  }
  Parts parts;
  parts.text = grammar_.Choice(std::move(texts));
  FATHOM_ASSIGN_OR_RETURN(parts.json, Write(others));
  if (IsNever(parts.text) && IsNever(parts.json)) NoteNever(nodes);
  return parts;
}

Result<Alternatives> SchemaWriter::ObjectsOf(const SchemaNodes& nodes) {
  FATHOM_ASSIGN_OR_RETURN(const Alternatives all, alternatives_.Of(nodes));
  FATHOM_RETURN_IF_ERROR(check_.CheckExclusive());
  Alternatives objects;
  for (Alternative alternative : all) {
    alternative.types &= kObjectType;
    if (alternative.types != 0) objects.push_back(std::move(alternative));
  }
  return objects;
}

// What is false by its own word is no surprise: the schema that needs it is.
void SchemaWriter::NoteNever(const SchemaNodes& nodes) {
  const bool is_meant = std::ranges::any_of(nodes, &json::Value::is_bool);
  if (never_ == nullptr && !nodes.empty() && !is_meant) never_ = nodes[0];
}

Status SchemaWriter::CheckEnds() const {
  std::vector<uint8_t> ends(grammar_.expressions(), 0);
  const auto does = [&](ExprId id) { return ends[static_cast<size_t>(id)] != 0; };
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t id = 0; id < ends.size(); ++id) {
      if (ends[id] != 0) continue;
      const Expression& e = grammar_.at(static_cast<ExprId>(id));
      bool now = e.kind != ExprKind::kNever;
      if (e.kind == ExprKind::kRule)
        now = grammar_.body(e.index) >= 0 && does(grammar_.body(e.index));
      if (e.kind == ExprKind::kSequence) now = std::ranges::all_of(e.parts, does);
      if (e.kind == ExprKind::kChoice) now = std::ranges::any_of(e.parts, does);
      if (e.kind == ExprKind::kRepeat) now = e.low == 0 || does(e.parts[0]);
      if (now) ends[id] = changed = true;
    }
  }
  for (const auto& [rule, node] : places_) {
    if (does(grammar_.body(rule))) continue;
    return document_.At(node, InvalidArgument("a value of this schema would never end"));
  }
  return {};
}

Status SchemaWriter::NothingSatisfies() const {
  return document_.At(never_ == nullptr ? document_.root() : never_,
                      InvalidArgument("nothing satisfies this schema"));
}

}  // namespace fathom::grammar
