// A schema as it was sent: where its parts stand, what its references mean, which of its words are
// known.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "grammar/limits.h"
#include "json/value.h"

namespace fathom::grammar {

// What a value may be. A number is of one of two kinds, so that "integer" is a type too.
using Types = uint8_t;
inline constexpr Types kNullType = 1, kBoolType = 2, kIntegerType = 4, kFractionType = 8,
                       kStringType = 16, kArrayType = 32, kObjectType = 64, kAllTypes = 127;
inline constexpr Types kNumberTypes = kIntegerType | kFractionType;

// The one bit of a value's type.
Result<Types> TypeOf(const json::Value& value);
// Of "type", a word or a list of words; 0 for an unknown one.
Types TypesOf(const json::Value& type);

// Part of a schema: an object or a boolean, inside the document.
using SchemaNode = const json::Value*;

class SchemaDocument {
 public:
  // The root outlives the document. `path` begins every message.
  SchemaDocument(const json::Value& root, std::string_view path) : root_(root), path_(path) {}

  SchemaNode root() const { return &root_; }

  // kResourceExhausted for a schema of more bytes than the limit.
  Status CheckSize(const GrammarLimits& limits) const;

  // Whether it is a schema, and all its words are known. kUnsupported names the word that isn't.
  Status CheckWords(SchemaNode node) const;

  // What "$ref" of the node means: "#", or a JSON pointer behind "#".
  Result<SchemaNode> Follow(SchemaNode node, const std::string& reference) const;

  // The same failure with the place before it: "path.properties.when: format: …". Costs a walk
  // through the document.
  Status At(SchemaNode node, const Status& status) const;
  std::string PathOf(SchemaNode node) const;

 private:
  const json::Value& root_;
  const std::string path_;
};

}  // namespace fathom::grammar
