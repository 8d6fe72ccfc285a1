// Objects: SchemaWriter's members that write them.
#include <algorithm>
#include <utility>

#include "grammar/schema_writer.h"
#include "json/write.h"

namespace fathom::grammar {
namespace {

constexpr size_t kMaxCountedStates = 20'000;

}  // namespace

Result<CodeDfa> SchemaWriter::TextsOf(const SchemaNodes& nodes) {
  FATHOM_ASSIGN_OR_RETURN(const Alternatives all, alternatives_.Of(nodes));
  FATHOM_RETURN_IF_ERROR(check_.CheckExclusive());
  FATHOM_ASSIGN_OR_RETURN(CodeDfa texts, TheseTexts({}, budget_));
  for (const Alternative& alternative : all) {
    if ((alternative.types & kStringType) == 0) continue;
    FATHOM_ASSIGN_OR_RETURN(const auto listed, check_.Listed(alternative));
    CodeDfa own;
    if (listed) {
      std::vector<std::string> strings;
      for (const json::Value* value : *listed) {
        if (value->is_string()) strings.push_back(value->string());
      }
      FATHOM_ASSIGN_OR_RETURN(own, TheseTexts(strings, budget_));
    } else {
      FATHOM_RETURN_IF_ERROR(CheckNot(alternative));
      FATHOM_ASSIGN_OR_RETURN(const TextFacts facts, facts_.Text(alternative));
      if (facts.length.IsEmpty()) continue;
      FATHOM_ASSIGN_OR_RETURN(own, facts_.TextsOf(facts));
    }
    FATHOM_ASSIGN_OR_RETURN(texts, Combine(texts, own, SetOperation::kEither, budget_));
  }
  return texts;
}

Result<std::optional<CodeDfa>> SchemaWriter::KeysOf(const ObjectFacts& facts) {
  if (facts.key_nodes.empty()) return std::optional<CodeDfa>();
  FATHOM_ASSIGN_OR_RETURN(CodeDfa keys, TextsOf(facts.key_nodes));
  return std::optional<CodeDfa>(std::move(keys));
}

Result<ExprId> SchemaWriter::WriteObject(const Alternative& alternative) {
  if (alternative.facts.empty()) return common_.AnyObject();
  FATHOM_ASSIGN_OR_RETURN(const ObjectFacts facts, facts_.Object(alternative));
  bool satisfiable = true;
  FATHOM_ASSIGN_OR_RETURN(const std::vector<MemberForm> members, WriteMembers(facts, &satisfiable));
  if (!satisfiable) return grammar_.Never();
  FATHOM_ASSIGN_OR_RETURN(const ExprId other, WriteOtherMember(alternative, facts));

  const auto required = std::ranges::count(members, true, &MemberForm::required);
  const auto named = static_cast<int64_t>(members.size());
  const bool may_be_few = facts.size.low <= required;
  const bool may_be_many =
      facts.size.high == kUnbounded || (IsNever(other) && facts.size.high >= named);
  if (may_be_few && may_be_many) {
    return common_.Enclosed("{", MembersInOrder(members, other), "}");
  }
  FATHOM_ASSIGN_OR_RETURN(const ExprId counted, CountedMembers(members, other, facts.size));
  if (!IsNever(counted)) return common_.Enclosed("{", counted, "}");
  const bool could_be_more =
      !IsNever(other) && (facts.size.high == kUnbounded || facts.size.high >= facts.size.low);
  if (!could_be_more) return counted;
  // Keys that aren't named could come twice, and would then be one.
  return document_.At(
      alternative.facts[0],
      Unsupported("minProperties: {} is more than the properties that are named", facts.size.low));
}

Result<std::vector<SchemaWriter::MemberForm>> SchemaWriter::WriteMembers(const ObjectFacts& facts,
                                                                         bool* satisfiable) {
  std::vector<MemberForm> members;
  for (const Property& property : facts.named) {
    FATHOM_ASSIGN_OR_RETURN(const ExprId value, Value(property.nodes));
    bool possible = !IsNever(value);
    if (possible && !facts.key_nodes.empty()) {
      FATHOM_ASSIGN_OR_RETURN(possible,
                              check_.IsValid(json::Value(property.name), facts.key_nodes));
    }
    if (!possible && property.required) *satisfiable = false;
    if (!possible) continue;
    std::string key;
    json::DumpString(property.name, &key);
    members.push_back(
        {grammar_.Sequence({grammar_.Text(key), common_.Colon(), value}), property.required});
  }
  return members;
}

// A member whose key isn't named; kNever when there may be none.
Result<ExprId> SchemaWriter::WriteOtherMember(const Alternative& alternative,
                                              const ObjectFacts& facts) {
  std::vector<std::string> names;
  for (const Property& property : facts.named) names.push_back(property.name);
  FATHOM_ASSIGN_OR_RETURN(const std::optional<CodeDfa> allowed, KeysOf(facts));
  FATHOM_ASSIGN_OR_RETURN(const std::vector<OtherKeys> others,
                          facts_.OtherKeysOf(alternative, names, allowed ? &*allowed : nullptr));
  std::vector<ExprId> forms;
  for (const OtherKeys& one : others) {
    FATHOM_ASSIGN_OR_RETURN(const ExprId value, Value(one.nodes));
    if (IsNever(value)) continue;
    ExprId key = common_.AnyString();
    if (!one.keys.AcceptsAll()) {
      FATHOM_ASSIGN_OR_RETURN(ByteDfa bytes, WriteTexts(one.keys, StringForm::kJson, budget_));
      key = grammar_.Sequence(
          {grammar_.Text("\""), grammar_.Dfa(std::move(bytes)), grammar_.Text("\"")});
    }
    forms.push_back(grammar_.Sequence({key, common_.Colon(), value}));
  }
  const ExprId form = grammar_.Choice(std::move(forms));
  return IsNever(form) ? form : common_.AsRule("member", form);
}

// The members in their order, those that aren't required left out at will. Linear in their number:
// before the first required one each brings the separator behind it, after it the one before it.
ExprId SchemaWriter::MembersInOrder(const std::vector<MemberForm>& members, ExprId other) {
  const ExprId separator = common_.Separator();
  const bool has_others = !IsNever(other);
  const auto more = [&](ExprId member) { return grammar_.Sequence({separator, member}); };
  const ExprId others_behind =
      has_others ? grammar_.Repeat(more(other), 0, kUnbounded) : grammar_.Empty();

  const auto first = std::ranges::find(members, true, &MemberForm::required);
  if (first != members.end()) {
    std::vector<ExprId> parts;
    for (auto member = members.begin(); member != members.end(); ++member) {
      if (member < first) {
        parts.push_back(grammar_.Optional(grammar_.Sequence({member->form, separator})));
      } else if (member == first) {
        parts.push_back(member->form);
      } else {
        parts.push_back(member->required ? more(member->form)
                                         : grammar_.Optional(more(member->form)));
      }
    }
    parts.push_back(others_behind);
    return grammar_.Sequence(std::move(parts));
  }

  // None is required: whichever comes first, the rest follows it. The rest behind each is a rule
  // that goes on with the next one's.
  std::vector<ExprId> starts = {grammar_.Empty()};
  if (has_others) starts.push_back(ListOf(other, 1, kUnbounded));
  ExprId rest = others_behind;
  for (auto member = members.rbegin(); member != members.rend(); ++member) {
    starts.push_back(grammar_.Sequence({member->form, rest}));
    if (member + 1 == members.rend()) break;
    rest =
        common_.AsRule("members", grammar_.Sequence({grammar_.Optional(more(member->form)), rest}));
  }
  return grammar_.Choice(std::move(starts));
}

// The same with a number of members from size.low to size.high: a rule for each place and number
// of members before it. A key that isn't named may come twice, so all of them count as one.
Result<ExprId> SchemaWriter::CountedMembers(const std::vector<MemberForm>& members, ExprId other,
                                            const Counts& size) {
  const auto named = static_cast<int64_t>(members.size());
  // Where there is no upper bound, to have enough is all that counts.
  const int64_t most = size.high == kUnbounded ? size.low : std::min(size.high, named);
  if (static_cast<size_t>(named + 1) * static_cast<size_t>(most + 1) > kMaxCountedStates) {
    return ResourceExhausted(
        "minProperties and maxProperties of {} properties need more than {} "
        "states",
        named, kMaxCountedStates);
  }
  std::vector<ExprId> behind;  // by the number of members so far
  for (int64_t count = 0; count <= most; ++count) {
    const int64_t left = size.high == kUnbounded ? kUnbounded : size.high - count;
    const int64_t needed = std::max<int64_t>(size.low - count, 0);
    if (needed > 1 || (needed == 1 && (IsNever(other) || left == 0))) {
      behind.push_back(grammar_.Never());
    } else if (IsNever(other) || left == 0) {
      behind.push_back(grammar_.Empty());
    } else if (count == 0) {
      behind.push_back(ListOf(other, needed, left));
    } else {
      behind.push_back(
          grammar_.Repeat(grammar_.Sequence({common_.Separator(), other}), needed, left));
    }
  }
  for (auto member = members.rbegin(); member != members.rend(); ++member) {
    FATHOM_RETURN_IF_ERROR(CheckGrammar());
    std::vector<ExprId> before;
    for (int64_t count = 0; count <= most; ++count) {
      std::vector<ExprId> ways;
      const ExprId without = behind[static_cast<size_t>(count)];
      const bool full = count == most && size.high != kUnbounded;
      const ExprId with =
          full ? grammar_.Never() : behind[static_cast<size_t>(std::min(count + 1, most))];
      if (!IsNever(with)) {
        std::vector<ExprId> parts = {member->form, with};
        if (count > 0) parts.insert(parts.begin(), common_.Separator());
        ways.push_back(grammar_.Sequence(std::move(parts)));
      }
      if (!member->required && !IsNever(without)) ways.push_back(without);
      const ExprId way = grammar_.Choice(std::move(ways));
      before.push_back(IsNever(way) ? way : common_.AsRule("members", way));
    }
    behind = std::move(before);
  }
  return behind[0];
}

}  // namespace fathom::grammar
