#include "grammar/schema_check.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "base/utf8.h"

namespace fathom::grammar {
namespace {

constexpr int kMaxDepth = 6;

bool DisjointCounts(const Counts& a, const Counts& b) {
  return (a.high != kUnbounded && a.high < b.low) || (b.high != kUnbounded && b.high < a.low);
}

// Whether everything up to `high` lies below everything from `low`.
bool LiesBelow(const NumberRange& a, const NumberRange& b) {
  if (!a.high || !b.low) return false;
  const int order = Compare(*a.high, *b.low);
  return order < 0 || (order == 0 && (a.high_open || b.low_open));
}

}  // namespace

bool SameValue(const json::Value& a, const json::Value& b) {
  if (a.kind() != b.kind()) return false;
  if (a.is_number()) {
    const Result<Decimal> x = ReadDecimal(a.number().text), y = ReadDecimal(b.number().text);
    return x.ok() && y.ok() && Compare(*x, *y) == 0;
  }
  if (a.is_array()) return std::ranges::equal(a.array(), b.array(), SameValue);
  if (!a.is_object()) return a == b;
  return a.object().size() == b.object().size() &&
         std::ranges::all_of(a.object(), [&](const json::Member& member) {
           const json::Value* other = b.Find(member.key);
           return other != nullptr && SameValue(member.value, *other);
         });
}

Result<bool> SchemaCheck::IsValid(const json::Value& value, std::span<const SchemaNode> nodes) {
  FATHOM_ASSIGN_OR_RETURN(const Alternatives all, alternatives_.Of(nodes));
  for (const Alternative& alternative : all) {
    FATHOM_ASSIGN_OR_RETURN(const bool valid, IsValid(value, alternative));
    if (valid) return true;
  }
  return false;
}

Result<bool> SchemaCheck::IsValid(const json::Value& value, const Alternative& alternative) {
  FATHOM_RETURN_IF_ERROR(budget_.Spend(0));
  FATHOM_ASSIGN_OR_RETURN(const Types type, TypeOf(value));
  if ((type & alternative.types) == 0) return false;
  for (const SchemaNode fact : alternative.facts) {
    FATHOM_ASSIGN_OR_RETURN(const bool holds, FactHolds(value, fact));
    if (!holds) return false;
  }
  switch (type) {
    case kStringType:
      return TextHolds(value.string(), alternative);
    case kIntegerType:
    case kFractionType:
      return NumberHolds(value, alternative);
    case kArrayType:
      return ArrayHolds(value, alternative);
    case kObjectType:
      return ObjectHolds(value, alternative);
    default:
      return true;
  }
}

// The words that ask for no type.
Result<bool> SchemaCheck::FactHolds(const json::Value& value, SchemaNode fact) {
  const json::Value* constant = fact->Find("const");
  if (constant != nullptr && !SameValue(value, *constant)) return false;
  if (const json::Value* values = fact->Find("enum")) {
    FATHOM_RETURN_IF_ERROR(budget_.Spend(0));
    // A value of the list itself needs no search: a long list would take its square.
    const json::Array& all = values->array();
    const bool is_own = !all.empty() && !std::less<>()(&value, all.data()) &&
                        std::less<>()(&value, all.data() + all.size());
    const bool listed = is_own || std::ranges::any_of(all, [&](const json::Value& other) {
                          return SameValue(value, other);
                        });
    if (!listed) return false;
  }
  if (const json::Value* inner = fact->Find("not")) {
    lenient_ = !lenient_;
    Result<bool> valid = IsValid(value, SchemaNodes{inner});
    lenient_ = !lenient_;
    if (!valid.ok()) return valid;
    FATHOM_RETURN_IF_ERROR(CheckExclusive());
    if (*valid) return false;
  }
  return true;
}

Result<bool> SchemaCheck::NumberHolds(const json::Value& value, const Alternative& alternative) {
  FATHOM_ASSIGN_OR_RETURN(const NumberRange range, facts_.Numbers(alternative, !lenient_));
  FATHOM_ASSIGN_OR_RETURN(const Decimal number, ReadDecimal(value.number().text));
  return range.Contains(number);
}

Result<bool> SchemaCheck::TextHolds(const std::string& text, const Alternative& alternative) {
  FATHOM_ASSIGN_OR_RETURN(const TextFacts facts, facts_.Text(alternative, !lenient_));
  return facts.length.Has(static_cast<int64_t>(CountUtf8(text))) &&
         std::ranges::all_of(facts.forms, [&](const CodeDfa* form) { return form->Accepts(text); });
}

Result<bool> SchemaCheck::ArrayHolds(const json::Value& value, const Alternative& alternative) {
  FATHOM_ASSIGN_OR_RETURN(const ArrayFacts facts, facts_.Array(alternative));
  const json::Array& items = value.array();
  if (!facts.length.Has(static_cast<int64_t>(items.size()))) return false;
  for (size_t i = 0; i < items.size(); ++i) {
    FATHOM_ASSIGN_OR_RETURN(
        const bool valid, IsValid(items[i], i < facts.first.size() ? facts.first[i] : facts.rest));
    if (!valid) return false;
  }
  return true;
}

Result<bool> SchemaCheck::ObjectHolds(const json::Value& value, const Alternative& alternative) {
  FATHOM_ASSIGN_OR_RETURN(const ObjectFacts facts, facts_.Object(alternative));
  if (!facts.size.Has(static_cast<int64_t>(value.object().size()))) return false;
  for (const Property& property : facts.named) {
    if (property.required && !value.object().Has(property.name)) return false;
  }
  for (const json::Member& member : value.object()) {
    FATHOM_ASSIGN_OR_RETURN(const SchemaNodes nodes, facts_.OfKey(alternative, member.key));
    FATHOM_ASSIGN_OR_RETURN(const bool valid, IsValid(member.value, nodes));
    FATHOM_ASSIGN_OR_RETURN(const bool key_valid,
                            IsValid(json::Value(member.key), facts.key_nodes));
    if (!valid || !key_valid) return false;
  }
  return true;
}

Result<std::optional<std::vector<const json::Value*>>> SchemaCheck::Listed(
    const Alternative& alternative) {
  std::optional<std::vector<const json::Value*>> listed;
  FATHOM_ASSIGN_OR_RETURN(const json::Value* values, facts_.FiniteValues(alternative));
  if (values == nullptr) return listed;
  listed.emplace();
  for (const json::Value& value : values->array()) {
    FATHOM_ASSIGN_OR_RETURN(const bool valid, IsValid(value, alternative));
    if (valid) listed->push_back(&value);
  }
  return listed;
}

Result<bool> SchemaCheck::AreDisjoint(const Alternative& a, const Alternative& b) {
  const bool lenient = std::exchange(lenient_, true);
  Result<bool> disjoint = ProveDisjoint(a, b);
  lenient_ = lenient;
  return disjoint;
}

Result<bool> SchemaCheck::ProveDisjoint(const Alternative& a, const Alternative& b) {
  const Types common = a.types & b.types;
  if (common == 0) return true;
  FATHOM_RETURN_IF_ERROR(budget_.Spend(0));
  for (const bool swapped : {false, true}) {
    const Alternative& first = swapped ? b : a;
    const Alternative& second = swapped ? a : b;
    FATHOM_ASSIGN_OR_RETURN(const auto listed, Listed(first));
    if (!listed) continue;
    for (const json::Value* value : *listed) {
      FATHOM_ASSIGN_OR_RETURN(const bool valid, IsValid(*value, second));
      if (valid) return false;
    }
    return true;
  }
  for (Types type = 1; type <= kObjectType; type = static_cast<Types>(type << 1)) {
    if ((type & common) == 0) continue;
    FATHOM_ASSIGN_OR_RETURN(const bool disjoint, AreDisjointIn(a, b, type));
    if (!disjoint) return false;
  }
  return true;
}

Result<bool> SchemaCheck::AreDisjointIn(const Alternative& a, const Alternative& b, Types type) {
  switch (type) {
    case kIntegerType:
    case kFractionType: {
      FATHOM_ASSIGN_OR_RETURN(const NumberRange x, facts_.Numbers(a, false));
      FATHOM_ASSIGN_OR_RETURN(const NumberRange y, facts_.Numbers(b, false));
      return LiesBelow(x, y) || LiesBelow(y, x);
    }
    case kStringType: {
      FATHOM_ASSIGN_OR_RETURN(TextFacts x, facts_.Text(a, false));
      FATHOM_ASSIGN_OR_RETURN(TextFacts y, facts_.Text(b, false));
      if (DisjointCounts(x.length, y.length)) return true;
      if (x.forms.empty() || y.forms.empty()) return false;
      x.forms.insert(x.forms.end(), y.forms.begin(), y.forms.end());
      x.length = {};
      FATHOM_ASSIGN_OR_RETURN(const CodeDfa both, facts_.TextsOf(x));
      return both.AcceptsNothing();
    }
    case kArrayType: {
      FATHOM_ASSIGN_OR_RETURN(const ArrayFacts x, facts_.Array(a));
      FATHOM_ASSIGN_OR_RETURN(const ArrayFacts y, facts_.Array(b));
      if (DisjointCounts(x.length, y.length)) return true;
      if (x.length.low == 0 && y.length.low == 0) return false;
      return AreDisjoint(x.first.empty() ? x.rest : x.first[0],
                         y.first.empty() ? y.rest : y.first[0]);
    }
    case kObjectType:
      return AreDisjointObjects(a, b);
    default:
      return false;
  }
}

Result<bool> SchemaCheck::AreDisjointObjects(const Alternative& a, const Alternative& b) {
  FATHOM_ASSIGN_OR_RETURN(const ObjectFacts x, facts_.Object(a));
  FATHOM_ASSIGN_OR_RETURN(const ObjectFacts y, facts_.Object(b));
  if (DisjointCounts(x.size, y.size)) return true;
  for (const bool swapped : {false, true}) {
    for (const Property& property : (swapped ? y : x).named) {
      if (!property.required) continue;
      FATHOM_ASSIGN_OR_RETURN(const SchemaNodes there,
                              facts_.OfKey(swapped ? a : b, property.name));
      FATHOM_ASSIGN_OR_RETURN(const bool disjoint, AreDisjoint(property.nodes, there));
      if (disjoint) return true;
    }
  }
  return false;
}

Result<bool> SchemaCheck::AreDisjoint(const SchemaNodes& a, const SchemaNodes& b) {
  if (depth_ >= kMaxDepth) return false;
  FATHOM_ASSIGN_OR_RETURN(const Alternatives all_a, alternatives_.Of(a));
  FATHOM_ASSIGN_OR_RETURN(const Alternatives all_b, alternatives_.Of(b));
  for (const Alternative& x : all_a) {
    for (const Alternative& y : all_b) {
      ++depth_;
      Result<bool> disjoint = AreDisjoint(x, y);
      --depth_;
      if (!disjoint.ok() || !*disjoint) return disjoint;
    }
  }
  return true;
}

// Whether the branches are told apart by a property that all require, with strings listed for each:
// what a discriminator is. Asks each branch once, where pairs would be too many.
Result<bool> SchemaCheck::HaveDiscriminator(const Exclusive& one) {
  if (one.branches[0].empty()) return false;
  FATHOM_ASSIGN_OR_RETURN(const ObjectFacts first, facts_.Object(one.branches[0][0]));
  for (const Property& property : first.named) {
    if (!property.required) continue;
    std::map<std::string, size_t> branch_of;
    bool holds = true;
    for (size_t i = 0; i < one.branches.size() && holds; ++i) {
      for (const Alternative& alternative : one.branches[i]) {
        FATHOM_ASSIGN_OR_RETURN(const auto values, StringsOf(alternative, property.name));
        holds = holds && values.has_value();
        if (!holds) break;
        for (const json::Value* value : *values) {
          holds &= branch_of.try_emplace(value->string(), i).first->second == i;
        }
      }
    }
    if (holds) return true;
  }
  return false;
}

// The values of a property that the alternative requires, when they are listed and all strings.
Result<std::optional<std::vector<const json::Value*>>> SchemaCheck::StringsOf(
    const Alternative& alternative, const std::string& name) {
  std::optional<std::vector<const json::Value*>> none;
  if (alternative.types != kObjectType) return none;
  const bool is_required = std::ranges::any_of(alternative.facts, [&](SchemaNode fact) {
    const json::Value* required = fact->Find("required");
    return required != nullptr && required->is_array() &&
           std::ranges::find(required->array(), json::Value(name)) != required->array().end();
  });
  if (!is_required) return none;
  FATHOM_ASSIGN_OR_RETURN(const SchemaNodes nodes, facts_.OfKey(alternative, name));
  FATHOM_ASSIGN_OR_RETURN(const Alternatives all, alternatives_.Of(nodes));
  std::vector<const json::Value*> strings;
  for (const Alternative& one : all) {
    FATHOM_ASSIGN_OR_RETURN(const auto listed, Listed(one));
    if (!listed) return none;
    for (const json::Value* value : *listed) {
      if (!value->is_string()) return none;
      strings.push_back(value);
    }
  }
  return std::optional(std::move(strings));
}

Status SchemaCheck::CheckExclusive() {
  for (std::vector<Exclusive> met = alternatives_.TakeExclusive(); !met.empty();
       met = alternatives_.TakeExclusive()) {
    for (const Exclusive& one : met) {
      const bool lenient = std::exchange(lenient_, true);
      const Result<bool> told_apart = HaveDiscriminator(one);
      lenient_ = lenient;
      if (!told_apart.ok()) return told_apart.status();
      if (*told_apart) continue;
      for (size_t i = 0; i < one.branches.size(); ++i) {
        for (size_t j = i + 1; j < one.branches.size(); ++j) {
          for (const Alternative& a : one.branches[i]) {
            for (const Alternative& b : one.branches[j]) {
              FATHOM_ASSIGN_OR_RETURN(const bool disjoint, AreDisjoint(a, b));
              if (disjoint) continue;
              return document_.At(
                  one.node,
                  Unsupported("oneOf: a value could satisfy both [{}] and [{}], as far as "
                              "their types, constants and bounds say",
                              i, j));
            }
          }
        }
      }
    }
  }
  return {};
}

}  // namespace fathom::grammar
