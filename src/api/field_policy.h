// What becomes of the fields of a request that the server does not act on: some change nothing here
// and are accepted, some would change the answer and are refused with the reason, the rest are
// passed over and named for the log. Tables, so that docs/api.md and the code can be compared.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "json/value.h"

namespace fathom::api {

inline constexpr size_t kMaxIgnoredFields = 16;

// A field that asks for what the server can't do.
struct RefusedField {
  std::string_view name;
  std::string_view why;  // what stands behind "NAME: "
};

// Tables as one.
template <typename T, size_t... kSizes>
constexpr auto JoinTables(const std::array<T, kSizes>&... tables) {
  std::array<T, (kSizes + ...)> joined{};
  auto at = joined.begin();
  ((at = std::copy(tables.begin(), tables.end(), at)), ...);
  return joined;
}

// Whether a field asks for nothing: null, false, an empty string, array or object.
bool AsksForNothing(const json::Value& value);

// Fails on a field of `refused` that asks for something; else appends the members that stand in
// none of the lists to `ignored`, each behind `prefix`.
Status SortOutFields(const json::Object& object, std::span<const std::string_view> known,
                     std::span<const RefusedField> refused, std::string_view prefix,
                     std::vector<std::string>* ignored);

// A string member of at most `most` bytes; empty when it is absent or null.
Result<std::string> ShortString(const json::Object& object, std::string_view name, size_t most);

}  // namespace fathom::api
