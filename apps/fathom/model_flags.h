// The flags of every command that runs a model.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "command.h"
#include "runtime/open_model.h"

namespace fathom {

struct ModelFlags {
  std::string model;  // empty: the bundled one
  std::string numerics = "fast";
  std::string cache_type;
  int64_t threads = 0;
  int64_t dense_below = 0;
  std::optional<int64_t> context;
  bool weights_from_disk = false;
  bool no_weight_check = false;

  // Resolves names; errors name the flag.
  Result<ModelOptions> ToOptions() const;
};

// The choices of --numerics.
std::vector<std::string> NumericModes();

// MODEL, --numerics, --cache-type, … bound to `flags`.
std::vector<Flag> ModelFlagTable(ModelFlags* flags);

}  // namespace fathom
