#include "api/field_policy.h"

#include <algorithm>

#include "base/utf8.h"
#include "json/field_reader.h"

namespace fathom::api {
namespace {

constexpr size_t kShownNameBytes = 64;

std::string Shortened(std::string_view name) {
  if (name.size() <= kShownNameBytes) return std::string(name);
  std::string_view cut = name.substr(0, kShownNameBytes);
  cut.remove_suffix(IncompleteUtf8Suffix(cut));
  return std::string(cut) + "...";
}

}  // namespace

bool AsksForNothing(const json::Value& value) {
  switch (value.kind()) {
    case json::Kind::kNull:
      return true;
    case json::Kind::kBool:
      return !value.boolean();
    case json::Kind::kNumber:
      return false;
    case json::Kind::kString:
      return value.string().empty();
    case json::Kind::kArray:
      return value.array().empty();
    case json::Kind::kObject:
      return value.object().empty();
  }
  return false;
}

Status SortOutFields(const json::Object& object, std::span<const std::string_view> known,
                     std::span<const RefusedField> refused, std::string_view prefix,
                     std::vector<std::string>* ignored) {
  for (const json::Member& member : object) {
    if (std::ranges::find(known, member.key) != known.end()) continue;
    const auto row = std::ranges::find(refused, member.key, &RefusedField::name);
    if (row != refused.end()) {
      if (AsksForNothing(member.value)) continue;
      return Unsupported("{}{}: {}", prefix, row->name, row->why);
    }
    if (ignored->size() < kMaxIgnoredFields) {
      ignored->push_back(std::string(prefix) + Shortened(member.key));
    }
  }
  return {};
}

Result<std::string> ShortString(const json::Object& object, std::string_view name, size_t most) {
  FATHOM_ASSIGN_OR_RETURN(std::string text, json::FieldReader(object, "").StringOr(name, ""));
  if (text.size() > most) return json::TooMany(name, "bytes", text.size(), most);
  return text;
}

}  // namespace fathom::api
