#include "grammar/schema_alternatives.h"

#include <algorithm>
#include <utility>

namespace fathom::grammar {
namespace {

constexpr size_t kMaxAlternatives = 1024;

// Words that say something themselves about a value.
constexpr std::string_view kOwnWords[] = {"enum",
                                          "const",
                                          "properties",
                                          "required",
                                          "additionalProperties",
                                          "patternProperties",
                                          "propertyNames",
                                          "minProperties",
                                          "maxProperties",
                                          "items",
                                          "prefixItems",
                                          "additionalItems",
                                          "minItems",
                                          "maxItems",
                                          "uniqueItems",
                                          "minimum",
                                          "maximum",
                                          "exclusiveMinimum",
                                          "exclusiveMaximum",
                                          "multipleOf",
                                          "minLength",
                                          "maxLength",
                                          "pattern",
                                          "format",
                                          "not"};

// What "not" leaves when it only names types; none when it says anything else.
bool TypesWithout(const json::Value& inner, Types* types) {
  if (inner.is_bool()) {
    if (inner.boolean()) *types = 0;
    return true;
  }
  if (!inner.is_object()) return false;
  for (const json::Member& member : inner.object()) {
    if (member.key != "type" && member.key != "description" && member.key != "title") return false;
  }
  const json::Value* type = inner.Find("type");
  if (type != nullptr && TypesOf(*type) == 0) return false;
  *types &= static_cast<Types>(~(type == nullptr ? kAllTypes : TypesOf(*type)));
  return true;
}

bool Merge(const Alternative& a, const Alternative& b, Alternative* both) {
  both->types = a.types & b.types;
  if (both->types == 0) return false;
  both->facts = a.facts;
  for (const SchemaNode fact : b.facts) {
    if (std::ranges::find(both->facts, fact) == both->facts.end()) both->facts.push_back(fact);
  }
  return true;
}

}  // namespace

Result<Alternatives> SchemaAlternatives::Of(std::span<const SchemaNode> nodes) {
  Alternatives all = {Alternative{}};
  for (const SchemaNode node : nodes) {
    FATHOM_ASSIGN_OR_RETURN(const Alternatives* own, OfNode(node));
    FATHOM_ASSIGN_OR_RETURN(all, Product(node, all, *own));
  }
  return all;
}

Result<const Alternatives*> SchemaAlternatives::OfNode(SchemaNode node) {
  const auto known = known_.find(node);
  if (known != known_.end()) return &known->second;
  if (!open_.insert(node).second) {
    return document_.At(node, InvalidArgument("the schema refers to itself without end"));
  }
  if (static_cast<int64_t>(open_.size()) > budget_.limits().schema_depth) {
    return document_.At(node, ResourceExhausted("more than {} schemas inside one another",
                                                budget_.limits().schema_depth));
  }
  FATHOM_ASSIGN_OR_RETURN(Alternatives computed, Compute(node));
  open_.erase(node);
  return &(known_[node] = std::move(computed));
}

Result<Alternatives> SchemaAlternatives::Compute(SchemaNode node) {
  FATHOM_RETURN_IF_ERROR(document_.CheckWords(node));
  if (node->is_bool()) return node->boolean() ? Alternatives{Alternative{}} : Alternatives{};
  FATHOM_ASSIGN_OR_RETURN(const Alternative own, OwnWords(node));
  Alternatives all;
  if (own.types != 0) all.push_back(own);

  if (const json::Value* reference = node->Find("$ref")) {
    if (!reference->is_string()) {
      return document_.At(node, InvalidArgument("$ref: expected string, found {}",
                                                json::KindName(reference->kind())));
    }
    FATHOM_ASSIGN_OR_RETURN(const SchemaNode target, document_.Follow(node, reference->string()));
    FATHOM_ASSIGN_OR_RETURN(const Alternatives* there, OfNode(target));
    FATHOM_ASSIGN_OR_RETURN(all, Product(node, all, *there));
  }
  if (const json::Value* parts = node->Find("allOf")) {
    if (!parts->is_array()) {
      return document_.At(
          node, InvalidArgument("allOf: expected array, found {}", json::KindName(parts->kind())));
    }
    for (const json::Value& part : parts->array()) {
      FATHOM_ASSIGN_OR_RETURN(const Alternatives* own_of_part, OfNode(&part));
      FATHOM_ASSIGN_OR_RETURN(all, Product(node, all, *own_of_part));
    }
  }
  for (const std::string_view word : {"anyOf", "oneOf"}) {
    if (!node->object().Has(word)) continue;
    FATHOM_ASSIGN_OR_RETURN(all, Branches(node, word, all));
  }
  return all;
}

Result<Alternative> SchemaAlternatives::OwnWords(SchemaNode node) {
  Alternative own;
  const bool says_something = std::ranges::any_of(
      kOwnWords, [&](std::string_view word) { return node->object().Has(word); });
  if (says_something) own.facts = {node};
  if (const json::Value* type = node->Find("type")) {
    own.types = TypesOf(*type);
    const bool is_empty_list = type->is_array() && type->array().empty();
    if (own.types == 0 && !is_empty_list) {
      return document_.At(node,
                          InvalidArgument("type: expected a name of a type or a list of them"));
    }
    const json::Value* nullable = node->Find("nullable");
    if (nullable != nullptr && nullable->is_bool() && nullable->boolean()) own.types |= kNullType;
  }
  if (const json::Value* values = node->Find("enum")) {
    if (!values->is_array()) {
      return document_.At(
          node, InvalidArgument("enum: expected array, found {}", json::KindName(values->kind())));
    }
    Types types = 0;
    for (const json::Value& value : values->array()) {
      Result<Types> type = TypeOf(value);
      if (!type.ok()) return document_.At(node, type.status().At("enum"));
      types |= *type;
    }
    own.types &= types;
  }
  if (const json::Value* value = node->Find("const")) {
    Result<Types> type = TypeOf(*value);
    if (!type.ok()) return document_.At(node, type.status().At("const"));
    own.types &= *type;
  }
  if (const json::Value* inner = node->Find("not")) TypesWithout(*inner, &own.types);
  return own;
}

Result<Alternatives> SchemaAlternatives::Branches(SchemaNode node, std::string_view word,
                                                  const Alternatives& base) {
  const json::Value* parts = node->Find(word);
  if (!parts->is_array() || parts->array().empty()) {
    return document_.At(node, InvalidArgument("{}: expected an array of schemas", word));
  }
  std::vector<Alternatives> branches;
  Alternatives all;
  for (const json::Value& part : parts->array()) {
    FATHOM_ASSIGN_OR_RETURN(const Alternatives* own, OfNode(&part));
    FATHOM_ASSIGN_OR_RETURN(Alternatives branch, Product(node, base, *own));
    std::ranges::copy(branch, std::back_inserter(all));
    branches.push_back(std::move(branch));
    if (all.size() > kMaxAlternatives) {
      return document_.At(
          node, ResourceExhausted("{}: more than {} alternatives", word, kMaxAlternatives));
    }
  }
  if (word == "oneOf" && branches.size() > 1) exclusive_.push_back({node, std::move(branches)});
  return all;
}

Result<Alternatives> SchemaAlternatives::Product(SchemaNode node, const Alternatives& a,
                                                 const Alternatives& b) {
  Alternatives all;
  std::set<std::pair<std::vector<SchemaNode>, Types>> met;
  for (const Alternative& first : a) {
    FATHOM_RETURN_IF_ERROR(budget_.Spend(0));
    for (const Alternative& second : b) {
      Alternative both;
      if (!Merge(first, second, &both)) continue;
      std::vector<SchemaNode> sorted = both.facts;
      std::ranges::sort(sorted);
      if (!met.insert({std::move(sorted), both.types}).second) continue;
      all.push_back(std::move(both));
      if (all.size() > kMaxAlternatives) {
        return document_.At(node, ResourceExhausted("more than {} alternatives", kMaxAlternatives));
      }
    }
  }
  return all;
}

}  // namespace fathom::grammar
