// What `fathom inspect` prints, as text and as JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backend/cache_layout.h"
#include "checkpoint/generation_config.h"
#include "checkpoint/inventory.h"
#include "checkpoint/model_config.h"
#include "json/value.h"

namespace fathom {

struct InspectReport {
  std::string path;
  ModelConfig config;
  std::optional<GenerationConfig> generation;  // absent for a bare config.json
  std::vector<ListedTensor> tensors;
  bool stored = false;   // the tensors are those of a checkpoint, not of a config alone
  bool has_mtp = false;  // an MTP layer is among them
};

// Bytes that one sequence of `tokens` occupies in the cache, whole pages, the MTP layer included
// where there is one.
int64_t CacheBytes(const InspectReport& report, const CacheLayout& layout, int64_t tokens);

std::string ReportText(const InspectReport& report);
std::string TensorTableText(const InspectReport& report);
json::Object ReportJson(const InspectReport& report, bool with_tensors);

}  // namespace fathom
