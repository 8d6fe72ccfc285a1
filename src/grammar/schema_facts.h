// What one alternative of a schema says about the values of one type, all its words taken together.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "grammar/budget.h"
#include "grammar/code_dfa.h"
#include "grammar/expression.h"
#include "grammar/number_form.h"
#include "grammar/schema_alternatives.h"
#include "grammar/schema_document.h"

namespace fathom::grammar {

// Counts above this are cut to it, which allows less and never more.
inline constexpr int64_t kMaxCount = 1 << 20;

struct Counts {
  int64_t low = 0, high = kUnbounded;
  bool IsEmpty() const { return high != kUnbounded && high < low; }
  bool Has(int64_t count) const { return count >= low && (high == kUnbounded || count <= high); }
  bool operator==(const Counts&) const = default;
};

struct TextFacts {
  Counts length;                      // in characters
  std::vector<const CodeDfa*> forms;  // patterns and formats, all of which it keeps to
};

struct ArrayFacts {
  Counts length;
  std::vector<SchemaNodes> first;  // of the first items, place by place
  SchemaNodes rest;                // of every item behind them
};

// A key that an object names, and what its value must satisfy.
struct Property {
  std::string name;
  bool required = false;
  SchemaNodes nodes;
};

struct ObjectFacts {
  Counts size;
  std::vector<Property> named;  // in the schema's order; those that are only required come last
  SchemaNodes key_nodes;        // "propertyNames"
};

// Keys that an object doesn't name.
struct OtherKeys {
  CodeDfa keys;
  SchemaNodes nodes;
};

// Reads words of alternatives. Errors name the word and its place; the words' own values are
// checked here.
class FactReader {
 public:
  // All outlive it. `open_objects`: see SchemaOptions.
  FactReader(const SchemaDocument& document, Budget& budget, bool open_objects)
      : document_(document), budget_(budget), open_objects_(open_objects) {}

  // A format stands for a part of what it allows. To prove that something is not valid, read the
  // facts without formats.
  Result<NumberRange> Numbers(const Alternative& alternative, bool formats = true);
  Result<TextFacts> Text(const Alternative& alternative, bool formats = true);
  Result<ArrayFacts> Array(const Alternative& alternative);
  Result<ObjectFacts> Object(const Alternative& alternative);

  // What the value of this key must satisfy.
  Result<SchemaNodes> OfKey(const Alternative& alternative, const std::string& key);
  // Keys not among `named`, by what their values must satisfy: each key is of one entry at most.
  // `allowed`: what the keys themselves must be; null for anything.
  Result<std::vector<OtherKeys>> OtherKeysOf(const Alternative& alternative,
                                             const std::vector<std::string>& named,
                                             const CodeDfa* allowed);

  // The values of "enum" and "const"; nothing when there is neither. Only what is in the first is
  // returned: other words of the alternative are not asked.
  Result<const json::Value*> FiniteValues(const Alternative& alternative);

  // Texts of these facts. kResourceExhausted when their length makes too many states.
  Result<CodeDfa> TextsOf(const TextFacts& facts);

  Result<const CodeDfa*> PatternOf(SchemaNode node, const std::string& pattern);

 private:
  Result<Counts> ReadCounts(const Alternative& alternative, std::string_view low,
                            std::string_view high);
  Status Narrow(SchemaNode node, bool formats, NumberRange* range);
  Status NarrowByFormat(SchemaNode node, NumberRange* range);
  bool IsClosed(const Alternative& alternative) const;

  const SchemaDocument& document_;
  Budget& budget_;
  const bool open_objects_;
  std::map<std::string, CodeDfa> patterns_;
  // A const as an enum of one.
  std::map<SchemaNode, json::Value> constants_;
};

}  // namespace fathom::grammar
