// A golden JSON file, which must be there: a missing or broken one stops the test program.
#pragma once

#include <string>
#include <string_view>

#include "base/check.h"
#include "json/parse.h"

namespace fathom::test {

// `name` is relative to the golden folder: "encoding/cases.json".
inline json::Value GoldenJson(std::string_view name) {
  const std::string path = std::string(FATHOM_GOLDEN_DIR) + "/" + std::string(name);
  Result<json::Value> value = json::ParseFile(path, {.python_constants = true});
  FATHOM_CHECK(value.ok(), "{}", value.status().message());
  return *std::move(value);
}

}  // namespace fathom::test
