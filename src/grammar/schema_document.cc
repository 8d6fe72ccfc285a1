#include "grammar/schema_document.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "grammar/number_form.h"

namespace fathom::grammar {
namespace {

enum class Word : uint8_t {
  kKept,         // the compiler keeps to it
  kNote,         // says nothing about values
  kUnsupported,  // can't be kept to
};

struct KnownWord {
  std::string_view name;
  Word kind;
};

constexpr KnownWord kWords[] = {
    {"type", Word::kKept},
    {"enum", Word::kKept},
    {"const", Word::kKept},
    {"properties", Word::kKept},
    {"required", Word::kKept},
    {"additionalProperties", Word::kKept},
    {"patternProperties", Word::kKept},
    {"propertyNames", Word::kKept},
    {"minProperties", Word::kKept},
    {"maxProperties", Word::kKept},
    {"items", Word::kKept},
    {"prefixItems", Word::kKept},
    {"additionalItems", Word::kKept},
    {"minItems", Word::kKept},
    {"maxItems", Word::kKept},
    {"uniqueItems", Word::kKept},
    {"minimum", Word::kKept},
    {"maximum", Word::kKept},
    {"exclusiveMinimum", Word::kKept},
    {"exclusiveMaximum", Word::kKept},
    {"multipleOf", Word::kKept},
    {"minLength", Word::kKept},
    {"maxLength", Word::kKept},
    {"pattern", Word::kKept},
    {"format", Word::kKept},
    {"anyOf", Word::kKept},
    {"oneOf", Word::kKept},
    {"allOf", Word::kKept},
    {"not", Word::kKept},
    {"$ref", Word::kKept},
    {"nullable", Word::kKept},
    {"$schema", Word::kNote},
    {"$comment", Word::kNote},
    {"$defs", Word::kNote},
    {"definitions", Word::kNote},
    {"title", Word::kNote},
    {"description", Word::kNote},
    {"default", Word::kNote},
    {"examples", Word::kNote},
    {"example", Word::kNote},
    {"deprecated", Word::kNote},
    {"readOnly", Word::kNote},
    {"writeOnly", Word::kNote},
    {"contentEncoding", Word::kNote},
    {"contentMediaType", Word::kNote},
    {"contentSchema", Word::kNote},
    {"discriminator", Word::kNote},
    // These mean nothing without the word beside them.
    {"then", Word::kNote},
    {"else", Word::kNote},
    {"minContains", Word::kNote},
    {"maxContains", Word::kNote},
    {"if", Word::kUnsupported},
    {"contains", Word::kUnsupported},
    {"dependencies", Word::kUnsupported},
    {"dependentRequired", Word::kUnsupported},
    {"dependentSchemas", Word::kUnsupported},
    {"unevaluatedProperties", Word::kUnsupported},
    {"unevaluatedItems", Word::kUnsupported},
    {"$dynamicRef", Word::kUnsupported},
    {"$recursiveRef", Word::kUnsupported},
    {"$anchor", Word::kUnsupported},
    {"$dynamicAnchor", Word::kUnsupported},
    {"$recursiveAnchor", Word::kUnsupported},
    {"$vocabulary", Word::kUnsupported},
};

// An unknown word that begins like this was meant to say something about values.
constexpr std::string_view kMeaningful[] = {
    "min",     "max",     "exclusive", "unique", "contain", "depend", "unevaluated", "additional",
    "require", "pattern", "prefix",    "anyof",  "oneof",   "allof",  "propert",     "multiple"};

bool LooksMeaningful(std::string_view word) {
  std::string lower(word);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  // Gemini's clients send the order of properties, which says nothing about values.
  if (lower == "propertyordering") return false;
  return std::ranges::any_of(kMeaningful,
                             [&](std::string_view start) { return lower.starts_with(start); });
}

// About the bytes of the value's text; stops counting above `limit`.
int64_t SizeOf(const json::Value& value, int64_t limit) {
  if (value.is_string()) return static_cast<int64_t>(value.string().size()) + 2;
  if (value.is_number()) return static_cast<int64_t>(value.number().text.size());
  int64_t size = 4;
  if (value.is_array()) {
    for (const json::Value& item : value.array()) {
      if (size > limit) break;
      size += SizeOf(item, limit - size) + 1;
    }
  } else if (value.is_object()) {
    for (const json::Member& member : value.object()) {
      if (size > limit) break;
      size += static_cast<int64_t>(member.key.size()) + 4;
      size += SizeOf(member.value, limit - size);
    }
  }
  return size;
}

// The way from `from` to `wanted`, written behind `path`.
bool FindPath(const json::Value& from, const json::Value* wanted, std::string* path) {
  if (&from == wanted) return true;
  const size_t length = path->size();
  if (from.is_array()) {
    for (size_t i = 0; i < from.array().size(); ++i) {
      *path += fmt::format("[{}]", i);
      if (FindPath(from.array()[i], wanted, path)) return true;
      path->resize(length);
    }
  } else if (from.is_object()) {
    for (const json::Member& member : from.object()) {
      *path += '.';
      *path += member.key.substr(0, 60);
      if (FindPath(member.value, wanted, path)) return true;
      path->resize(length);
    }
  }
  return false;
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// %41 → A, then ~1 → / and ~0 → ~.
std::optional<std::string> UnescapePointerPart(std::string_view part) {
  std::string text;
  for (size_t i = 0; i < part.size(); ++i) {
    if (part[i] != '%') {
      text += part[i];
      continue;
    }
    const int high = i + 2 < part.size() ? HexValue(part[i + 1]) : -1;
    const int low = i + 2 < part.size() ? HexValue(part[i + 2]) : -1;
    if (high < 0 || low < 0) return {};
    text += static_cast<char>(high * 16 + low);
    i += 2;
  }
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '~') {
      plain += text[i];
      continue;
    }
    if (i + 1 >= text.size() || (text[i + 1] != '0' && text[i + 1] != '1')) return {};
    plain += text[++i] == '0' ? '~' : '/';
  }
  return plain;
}

const json::Value* Inside(const json::Value& value, const std::string& part) {
  if (value.is_object()) return value.Find(part);
  if (!value.is_array()) return nullptr;
  size_t index = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  const bool is_index = error == std::errc() && end == part.data() + part.size() &&
                        (part == "0" || !part.starts_with('0'));
  return is_index && index < value.array().size() ? &value.array()[index] : nullptr;
}

bool HasId(const json::Value& value) {
  const json::Value* id = value.Find("$id");
  return id != nullptr && id->is_string();
}

}  // namespace

Result<Types> TypeOf(const json::Value& value) {
  switch (value.kind()) {
    case json::Kind::kNull:
      return kNullType;
    case json::Kind::kBool:
      return kBoolType;
    case json::Kind::kString:
      return kStringType;
    case json::Kind::kArray:
      return kArrayType;
    case json::Kind::kObject:
      return kObjectType;
    case json::Kind::kNumber:
      break;
  }
  FATHOM_ASSIGN_OR_RETURN(const Decimal number, ReadDecimal(value.number().text));
  return number.IsWhole() ? kIntegerType : kFractionType;
}

Types TypesOf(const json::Value& type) {
  if (type.is_array()) {
    Types types = 0;
    for (const json::Value& word : type.array()) {
      const Types known = word.is_string() ? TypesOf(word) : Types{0};
      if (known == 0) return 0;
      types |= known;
    }
    return types;
  }
  if (!type.is_string()) return 0;
  struct Name {
    std::string_view name;
    Types types;
  };
  constexpr Name kNames[] = {{"null", kNullType},       {"boolean", kBoolType},
                             {"integer", kIntegerType}, {"number", kNumberTypes},
                             {"string", kStringType},   {"array", kArrayType},
                             {"object", kObjectType}};
  for (const Name& name : kNames) {
    if (name.name == type.string()) return name.types;
  }
  return 0;
}

Status SchemaDocument::CheckSize(const GrammarLimits& limits) const {
  if (SizeOf(root_, limits.schema_bytes) <= limits.schema_bytes) return {};
  return ResourceExhausted("{}: the schema has more than {} bytes", path_, limits.schema_bytes);
}

Status SchemaDocument::CheckWords(SchemaNode node) const {
  if (node->is_bool()) return {};
  if (!node->is_object()) {
    return At(node, InvalidArgument("expected a schema (an object or a boolean), found {}",
                                    json::KindName(node->kind())));
  }
  for (const json::Member& member : node->object()) {
    const std::string_view word = member.key;
    const auto* known = std::ranges::find(kWords, word, &KnownWord::name);
    if (known != std::end(kWords)) {
      if (known->kind != Word::kUnsupported) continue;
      return At(node, Unsupported("{}: this keyword isn't supported", word));
    }
    if (word == "$id" && member.value.is_string()) {
      // References inside would be relative to it.
      if (node == &root_) continue;
      return At(node, Unsupported("$id: a schema with its own address isn't supported"));
    }
    if (!word.starts_with("x-") && LooksMeaningful(word)) {
      return At(node, Unsupported("{}: no such keyword is known", word.substr(0, 60)));
    }
  }
  return {};
}

Result<SchemaNode> SchemaDocument::Follow(SchemaNode node, const std::string& reference) const {
  std::string_view left = reference;
  const json::Value* id = root_.Find("$id");
  if (id != nullptr && id->is_string() && !id->string().empty() && left.starts_with(id->string())) {
    left.remove_prefix(id->string().size());
    if (left.empty()) return root();
  }
  const std::string shown = reference.substr(0, 100);
  if (!left.starts_with('#') || (left.size() > 1 && left[1] != '/')) {
    return At(node, Unsupported("$ref: '{}' isn't supported, only '#' and '#/…' are", shown));
  }
  left.remove_prefix(1);
  SchemaNode at = &root_;
  while (!left.empty()) {
    left.remove_prefix(1);
    const size_t end = std::min(left.find('/'), left.size());
    const auto part = UnescapePointerPart(left.substr(0, end));
    left.remove_prefix(end);
    at = part ? Inside(*at, *part) : nullptr;
    if (at == nullptr) return At(node, InvalidArgument("$ref: '{}' leads to nothing", shown));
    if (HasId(*at)) {
      return At(node, Unsupported("$ref: '{}' leads into a schema with its own address", shown));
    }
  }
  return at;
}

std::string SchemaDocument::PathOf(SchemaNode node) const {
  std::string path = path_;
  if (!FindPath(root_, node, &path)) return path_;
  return path;
}

Status SchemaDocument::At(SchemaNode node, const Status& status) const {
  return status.At(PathOf(node));
}

}  // namespace fathom::grammar
