// Whether a value satisfies a schema, and whether two alternatives have no value in common.
#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "grammar/schema_alternatives.h"
#include "grammar/schema_facts.h"
#include "json/value.h"

namespace fathom::grammar {

class SchemaCheck {
 public:
  // All outlive it.
  SchemaCheck(const SchemaDocument& document, SchemaAlternatives& alternatives, FactReader& facts,
              Budget& budget)
      : document_(document), alternatives_(alternatives), facts_(facts), budget_(budget) {}

  Result<bool> IsValid(const json::Value& value, std::span<const SchemaNode> nodes);
  Result<bool> IsValid(const json::Value& value, const Alternative& alternative);

  // The values of the alternative when "enum" or "const" lists them, those that satisfy it alone;
  // nothing when neither does. The pointers are into the document.
  Result<std::optional<std::vector<const json::Value*>>> Listed(const Alternative& alternative);

  // Whether some words, or listed values, prove that no value satisfies both. False: not proven.
  Result<bool> AreDisjoint(const Alternative& a, const Alternative& b);

  // Every oneOf met so far has branches that are disjoint: kUnsupported names the first that
  // hasn't.
  Status CheckExclusive();

 private:
  Result<bool> ProveDisjoint(const Alternative& a, const Alternative& b);
  Result<bool> FactHolds(const json::Value& value, SchemaNode fact);
  Result<bool> NumberHolds(const json::Value& value, const Alternative& alternative);
  Result<bool> ArrayHolds(const json::Value& value, const Alternative& alternative);
  Result<bool> ObjectHolds(const json::Value& value, const Alternative& alternative);
  Result<bool> TextHolds(const std::string& text, const Alternative& alternative);
  Result<bool> HaveDiscriminator(const Exclusive& one);
  Result<std::optional<std::vector<const json::Value*>>> StringsOf(const Alternative& alternative,
                                                                   const std::string& name);
  Result<bool> AreDisjointIn(const Alternative& a, const Alternative& b, Types type);
  Result<bool> AreDisjoint(const SchemaNodes& a, const SchemaNodes& b);
  Result<bool> AreDisjointObjects(const Alternative& a, const Alternative& b);

  const SchemaDocument& document_;
  SchemaAlternatives& alternatives_;
  FactReader& facts_;
  Budget& budget_;
  int depth_ = 0;         // of AreDisjoint in itself
  bool lenient_ = false;  // formats are not asked: what is invalid then is so by every validator
};

// As JSON Schema compares: 1 and 1.0 are the same, the order of members doesn't count.
bool SameValue(const json::Value& a, const json::Value& b);

}  // namespace fathom::grammar
