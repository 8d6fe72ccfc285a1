#include "grammar/schema_facts.h"

#include <algorithm>
#include <optional>
#include <set>

#include "grammar/format.h"
#include "grammar/pattern.h"

namespace fathom::grammar {
namespace {

constexpr size_t kMaxKeyClasses = 64;

// The member as a word's value of the right kind; null when it isn't there.
Result<const json::Value*> Word(SchemaNode node, std::string_view word, json::Kind kind) {
  const json::Value* value = node->Find(word);
  if (value == nullptr || value->kind() == kind) return value;
  return InvalidArgument("{}: expected {}, found {}", word, json::KindName(kind),
                         json::KindName(value->kind()));
}

Result<std::optional<int64_t>> Count(SchemaNode node, std::string_view word) {
  FATHOM_ASSIGN_OR_RETURN(const json::Value* value, Word(node, word, json::Kind::kNumber));
  if (value == nullptr) return std::optional<int64_t>();
  FATHOM_ASSIGN_OR_RETURN(const Decimal number, ReadDecimal(value->number().text));
  if (number.negative || !number.IsWhole()) {
    return InvalidArgument("{}: expected a whole number from 0, found {}", word,
                           value->number().text.substr(0, 40));
  }
  int64_t count = 0;
  for (const char digit : number.whole) count = std::min(count * 10 + (digit - '0'), kMaxCount + 1);
  return std::optional<int64_t>(count);
}

void LowerTo(std::optional<Decimal>* bound, bool* open, const Decimal& value, bool value_open,
             int sign) {
  const int order = *bound ? Compare(value, **bound) * sign : 1;
  if (order < 0) return;
  *open = order == 0 ? *open || value_open : value_open;
  *bound = value;
}

}  // namespace

Result<Counts> FactReader::ReadCounts(const Alternative& alternative, std::string_view low,
                                      std::string_view high) {
  Counts counts;
  for (const SchemaNode fact : alternative.facts) {
    Result<std::optional<int64_t>> least = Count(fact, low);
    if (!least.ok()) return document_.At(fact, least.status());
    Result<std::optional<int64_t>> most = Count(fact, high);
    if (!most.ok()) return document_.At(fact, most.status());
    if (*least && **least > kMaxCount) {
      return document_.At(fact, ResourceExhausted("{}: more than {}", low, kMaxCount));
    }
    if (*least) counts.low = std::max(counts.low, **least);
    if (*most) {
      const int64_t cut = std::min(**most, kMaxCount);
      counts.high = counts.high == kUnbounded ? cut : std::min(counts.high, cut);
    }
  }
  return counts;
}

Result<NumberRange> FactReader::Numbers(const Alternative& alternative, bool formats) {
  NumberRange range;
  range.whole = (alternative.types & kNumberTypes) == kIntegerType;
  for (const SchemaNode fact : alternative.facts) {
    if (const Status status = Narrow(fact, formats, &range); !status.ok()) {
      return document_.At(fact, status);
    }
  }
  return range;
}

Status FactReader::Narrow(SchemaNode node, bool formats, NumberRange* range) {
  for (const bool low : {true, false}) {
    const std::string_view word = low ? "minimum" : "maximum";
    const std::string_view exclusive = low ? "exclusiveMinimum" : "exclusiveMaximum";
    std::optional<Decimal>* bound = low ? &range->low : &range->high;
    bool* open = low ? &range->low_open : &range->high_open;
    const int sign = low ? 1 : -1;
    FATHOM_ASSIGN_OR_RETURN(const json::Value* value, Word(node, word, json::Kind::kNumber));
    const json::Value* limit = node->Find(exclusive);
    // Draft 4 and OpenAPI 3.0 say true for "the minimum itself is outside".
    const bool is_flag = limit != nullptr && limit->is_bool();
    if (value != nullptr) {
      FATHOM_ASSIGN_OR_RETURN(const Decimal number, ReadDecimal(value->number().text));
      LowerTo(bound, open, number, is_flag && limit->boolean(), sign);
    }
    if (limit == nullptr || is_flag) continue;
    FATHOM_ASSIGN_OR_RETURN(limit, Word(node, exclusive, json::Kind::kNumber));
    FATHOM_ASSIGN_OR_RETURN(const Decimal number, ReadDecimal(limit->number().text));
    LowerTo(bound, open, number, true, sign);
  }
  FATHOM_ASSIGN_OR_RETURN(const json::Value* step, Word(node, "multipleOf", json::Kind::kNumber));
  if (step != nullptr) {
    FATHOM_ASSIGN_OR_RETURN(const Decimal number, ReadDecimal(step->number().text));
    if (number.negative || number.IsZero()) {
      return InvalidArgument("multipleOf: expected a number above 0, found {}",
                             step->number().text.substr(0, 40));
    }
    if (!number.IsWhole() || number.whole.size() > 4 || std::stoi(number.whole) > 1000) {
      return Unsupported("multipleOf: only whole numbers up to 1000 are supported");
    }
    const int64_t other = std::stoi(number.whole);
    int64_t a = range->multiple_of, b = other;
    while (b != 0) a = std::exchange(b, a % b);
    range->multiple_of *= other / a;
    if (range->multiple_of > 1000) {
      return Unsupported("multipleOf: together they are more than 1000");
    }
    range->whole = true;
  }
  return formats ? NarrowByFormat(node, range) : Status();
}

Status FactReader::NarrowByFormat(SchemaNode node, NumberRange* range) {
  FATHOM_ASSIGN_OR_RETURN(const json::Value* format, Word(node, "format", json::Kind::kString));
  if (format == nullptr) return {};
  struct Known {
    std::string_view name, low, high;
  };
  constexpr Known kKnown[] = {{"int32", "-2147483648", "2147483647"},
                              {"int64", "-9223372036854775808", "9223372036854775807"},
                              {"uint32", "0", "4294967295"},
                              {"uint64", "0", "18446744073709551615"}};
  for (const Known& known : kKnown) {
    if (known.name != format->string()) continue;
    range->whole = true;
    FATHOM_ASSIGN_OR_RETURN(const Decimal low, ReadDecimal(known.low));
    FATHOM_ASSIGN_OR_RETURN(const Decimal high, ReadDecimal(known.high));
    LowerTo(&range->low, &range->low_open, low, false, 1);
    LowerTo(&range->high, &range->high_open, high, false, -1);
  }
  return {};
}

Result<TextFacts> FactReader::Text(const Alternative& alternative, bool formats) {
  TextFacts facts;
  FATHOM_ASSIGN_OR_RETURN(facts.length, ReadCounts(alternative, "minLength", "maxLength"));
  for (const SchemaNode fact : alternative.facts) {
    for (const std::string_view word : {"pattern", "format"}) {
      Result<const json::Value*> value = Word(fact, word, json::Kind::kString);
      if (!value.ok()) return document_.At(fact, value.status());
      if (*value == nullptr || (word == "format" && !formats)) continue;
      const std::string& text = (*value)->string();
      if (word == "pattern") {
        FATHOM_ASSIGN_OR_RETURN(const CodeDfa* dfa, PatternOf(fact, text));
        facts.forms.push_back(dfa);
        continue;
      }
      const CodeDfa* format = FindFormat(text);
      if (format == nullptr) {
        return document_.At(fact, Unsupported("format: '{}' can't be kept to", text.substr(0, 60)));
      }
      if (!format->AcceptsAll()) facts.forms.push_back(format);
    }
  }
  std::ranges::sort(facts.forms);
  const auto same = std::ranges::unique(facts.forms);
  facts.forms.erase(same.begin(), same.end());
  return facts;
}

Result<const CodeDfa*> FactReader::PatternOf(SchemaNode node, const std::string& pattern) {
  const auto known = patterns_.find(pattern);
  if (known != patterns_.end()) return &known->second;
  Result<CodeDfa> dfa = PatternDfa(pattern, budget_);
  if (!dfa.ok()) {
    return document_.At(node, dfa.status().At(fmt::format("pattern '{}'", pattern.substr(0, 100))));
  }
  return &(patterns_[pattern] = *std::move(dfa));
}

Result<CodeDfa> FactReader::TextsOf(const TextFacts& facts) {
  CodeDfa dfa = AnyText();
  for (const CodeDfa* form : facts.forms) {
    FATHOM_ASSIGN_OR_RETURN(dfa, Combine(dfa, *form, SetOperation::kBoth, budget_));
  }
  if (facts.length == Counts{}) return dfa;
  FATHOM_ASSIGN_OR_RETURN(const CodeDfa length,
                          TextsOfLength(facts.length.low, facts.length.high, budget_));
  return Combine(dfa, length, SetOperation::kBoth, budget_);
}

Result<ArrayFacts> FactReader::Array(const Alternative& alternative) {
  ArrayFacts facts;
  FATHOM_ASSIGN_OR_RETURN(facts.length, ReadCounts(alternative, "minItems", "maxItems"));
  struct Own {
    const json::Array* first = nullptr;
    SchemaNode rest = nullptr;
  };
  std::vector<Own> all;
  size_t places = 0;
  for (const SchemaNode fact : alternative.facts) {
    Own own;
    Result<const json::Value*> prefix = Word(fact, "prefixItems", json::Kind::kArray);
    if (!prefix.ok()) return document_.At(fact, prefix.status());
    const json::Value* items = fact->Find("items");
    if (*prefix != nullptr) own.first = &(*prefix)->array();
    if (items != nullptr && items->is_array()) {
      // The older way to say prefixItems.
      if (*prefix != nullptr) {
        return document_.At(fact, InvalidArgument("items: an array beside prefixItems"));
      }
      own.first = &items->array();
      own.rest = fact->Find("additionalItems");
    } else {
      own.rest = items;
    }
    if (own.first != nullptr) places = std::max(places, own.first->size());
    all.push_back(own);

    const json::Value* unique = fact->Find("uniqueItems");
    if (unique != nullptr && unique->is_bool() && unique->boolean() &&
        (facts.length.high == kUnbounded || facts.length.high > 1)) {
      return document_.At(fact, Unsupported("uniqueItems: this keyword isn't supported"));
    }
  }
  for (size_t i = 0; i <= places; ++i) {
    SchemaNodes nodes;
    for (const Own& own : all) {
      if (own.first != nullptr && i < own.first->size()) {
        nodes.push_back(&(*own.first)[i]);
      } else if (own.rest != nullptr) {
        nodes.push_back(own.rest);
      }
    }
    if (i < places) {
      facts.first.push_back(std::move(nodes));
    } else {
      facts.rest = std::move(nodes);
    }
  }
  return facts;
}

Result<ObjectFacts> FactReader::Object(const Alternative& alternative) {
  ObjectFacts facts;
  FATHOM_ASSIGN_OR_RETURN(facts.size, ReadCounts(alternative, "minProperties", "maxProperties"));
  std::map<std::string_view, size_t> places;
  const auto add = [&](const std::string& name) -> Property& {
    const auto [found, added] = places.try_emplace(name, facts.named.size());
    if (added) facts.named.push_back({name, false, {}});
    return facts.named[found->second];
  };
  for (const SchemaNode fact : alternative.facts) {
    Result<const json::Value*> properties = Word(fact, "properties", json::Kind::kObject);
    if (!properties.ok()) return document_.At(fact, properties.status());
    if (*properties != nullptr) {
      for (const json::Member& member : (*properties)->object()) add(member.key);
    }
    if (const json::Value* names = fact->Find("propertyNames")) facts.key_nodes.push_back(names);
  }
  for (const SchemaNode fact : alternative.facts) {
    const json::Value* required = fact->Find("required");
    // OpenAPI's first versions put a boolean into the property; it says nothing there.
    if (required == nullptr || required->is_bool()) continue;
    if (!required->is_array()) {
      return document_.At(fact, InvalidArgument("required: expected array, found {}",
                                                json::KindName(required->kind())));
    }
    for (const json::Value& name : required->array()) {
      if (!name.is_string()) {
        return document_.At(fact, InvalidArgument("required: expected strings, found {}",
                                                  json::KindName(name.kind())));
      }
      add(name.string()).required = true;
    }
  }
  for (Property& property : facts.named) {
    FATHOM_ASSIGN_OR_RETURN(property.nodes, OfKey(alternative, property.name));
  }
  return facts;
}

bool FactReader::IsClosed(const Alternative& alternative) const {
  bool names = false;
  for (const SchemaNode fact : alternative.facts) {
    if (fact->object().Has("additionalProperties")) return false;
    if (fact->object().Has("patternProperties")) return false;
    const json::Value* properties = fact->Find("properties");
    names |= properties != nullptr && properties->is_object() && !properties->object().empty();
  }
  return names && !open_objects_;
}

Result<SchemaNodes> FactReader::OfKey(const Alternative& alternative, const std::string& key) {
  SchemaNodes nodes;
  for (const SchemaNode fact : alternative.facts) {
    bool is_named = false;
    if (const json::Value* properties = fact->Find("properties")) {
      if (const json::Value* node = properties->Find(key)) {
        nodes.push_back(node);
        is_named = true;
      }
    }
    Result<const json::Value*> patterns = Word(fact, "patternProperties", json::Kind::kObject);
    if (!patterns.ok()) return document_.At(fact, patterns.status());
    if (*patterns != nullptr) {
      for (const json::Member& member : (*patterns)->object()) {
        FATHOM_ASSIGN_OR_RETURN(const CodeDfa* dfa, PatternOf(fact, member.key));
        if (!dfa->Accepts(key)) continue;
        nodes.push_back(&member.value);
        is_named = true;
      }
    }
    const json::Value* others = fact->Find("additionalProperties");
    if (!is_named && others != nullptr) nodes.push_back(others);
  }
  return nodes;
}

Result<std::vector<OtherKeys>> FactReader::OtherKeysOf(const Alternative& alternative,
                                                       const std::vector<std::string>& named,
                                                       const CodeDfa* allowed) {
  if (IsClosed(alternative)) return std::vector<OtherKeys>();
  struct Class {
    CodeDfa keys;
    std::set<std::string_view> patterns;
  };
  std::vector<Class> classes = {{allowed == nullptr ? AnyText() : *allowed, {}}};
  if (!named.empty()) {
    FATHOM_ASSIGN_OR_RETURN(const CodeDfa names, TheseTexts(named, budget_));
    FATHOM_ASSIGN_OR_RETURN(classes[0].keys,
                            Combine(classes[0].keys, names, SetOperation::kFirstOnly, budget_));
  }
  for (const SchemaNode fact : alternative.facts) {
    const json::Value* patterns = fact->Find("patternProperties");
    if (patterns == nullptr) continue;
    for (const json::Member& member : patterns->object()) {
      FATHOM_ASSIGN_OR_RETURN(const CodeDfa* dfa, PatternOf(fact, member.key));
      std::vector<Class> finer;
      for (Class& one : classes) {
        if (one.patterns.contains(member.key)) {
          finer.push_back(std::move(one));
          continue;
        }
        Class with = {{}, one.patterns};
        with.patterns.insert(member.key);
        FATHOM_ASSIGN_OR_RETURN(with.keys, Combine(one.keys, *dfa, SetOperation::kBoth, budget_));
        FATHOM_ASSIGN_OR_RETURN(one.keys,
                                Combine(one.keys, *dfa, SetOperation::kFirstOnly, budget_));
        if (!with.keys.AcceptsNothing()) finer.push_back(std::move(with));
        if (!one.keys.AcceptsNothing()) finer.push_back(std::move(one));
      }
      classes = std::move(finer);
      if (classes.size() > kMaxKeyClasses) {
        return document_.At(fact, ResourceExhausted("patternProperties: the patterns overlap in "
                                                    "more than {} ways",
                                                    kMaxKeyClasses));
      }
    }
  }
  std::vector<OtherKeys> others;
  for (Class& one : classes) {
    OtherKeys keys = {std::move(one.keys), {}};
    for (const SchemaNode fact : alternative.facts) {
      bool is_named = false;
      if (const json::Value* patterns = fact->Find("patternProperties")) {
        for (const json::Member& member : patterns->object()) {
          if (!one.patterns.contains(member.key)) continue;
          keys.nodes.push_back(&member.value);
          is_named = true;
        }
      }
      const json::Value* rest = fact->Find("additionalProperties");
      if (!is_named && rest != nullptr) keys.nodes.push_back(rest);
    }
    const bool is_refused = std::ranges::any_of(
        keys.nodes, [](SchemaNode node) { return node->is_bool() && !node->boolean(); });
    if (!is_refused && !keys.keys.AcceptsNothing()) others.push_back(std::move(keys));
  }
  return others;
}

Result<const json::Value*> FactReader::FiniteValues(const Alternative& alternative) {
  for (const SchemaNode fact : alternative.facts) {
    if (const json::Value* value = fact->Find("const")) {
      return &constants_.try_emplace(fact, json::Array{*value}).first->second;
    }
  }
  const json::Value* smallest = nullptr;
  for (const SchemaNode fact : alternative.facts) {
    const json::Value* values = fact->Find("enum");
    if (values == nullptr) continue;
    if (smallest == nullptr || values->array().size() < smallest->array().size()) smallest = values;
  }
  return smallest;
}

}  // namespace fathom::grammar
