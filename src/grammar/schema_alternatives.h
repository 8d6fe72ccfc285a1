// What a schema says, without $ref, allOf, anyOf and oneOf: a list of alternatives, each of which
// is schemas whose own words hold all at once.
//
// Nothing is copied or rewritten: an alternative names parts of the document. So a schema can be
// combined with any other exactly, and recursion ends where the same parts meet again.
#pragma once

#include <map>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "grammar/budget.h"
#include "grammar/schema_document.h"

namespace fathom::grammar {

struct Alternative {
  std::vector<SchemaNode> facts;  // objects, in the order in which they were met
  Types types = kAllTypes;        // what "type", "enum" and "const" leave; never 0
};

using Alternatives = std::vector<Alternative>;

// Schemas that a value must satisfy all at once. Empty: any value.
using SchemaNodes = std::vector<SchemaNode>;

// Branches of a "oneOf" of which a value must never satisfy two.
struct Exclusive {
  SchemaNode node = nullptr;
  std::vector<Alternatives> branches;
};

class SchemaAlternatives {
 public:
  // Both outlive it.
  SchemaAlternatives(const SchemaDocument& document, Budget& budget)
      : document_(document), budget_(budget) {}

  // No alternative: nothing satisfies all of the nodes. kInvalidArgument for a schema that refers
  // to itself without saying anything; kResourceExhausted beyond 1,024 alternatives.
  Result<Alternatives> Of(std::span<const SchemaNode> nodes);

  // The oneOfs met since the last call.
  std::vector<Exclusive> TakeExclusive() { return std::exchange(exclusive_, {}); }

 private:
  Result<const Alternatives*> OfNode(SchemaNode node);
  Result<Alternatives> Compute(SchemaNode node);
  Result<Alternative> OwnWords(SchemaNode node);
  Result<Alternatives> Branches(SchemaNode node, std::string_view word, const Alternatives& base);
  Result<Alternatives> Product(SchemaNode node, const Alternatives& a, const Alternatives& b);

  const SchemaDocument& document_;
  Budget& budget_;
  std::unordered_map<SchemaNode, Alternatives> known_;
  std::set<SchemaNode> open_;
  std::vector<Exclusive> exclusive_;
};

}  // namespace fathom::grammar
