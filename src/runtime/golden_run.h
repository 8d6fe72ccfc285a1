// Runs golden cases through the model and keeps what there is golden data for.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/status.h"
#include "kv/page_table.h"
#include "model/batch.h"
#include "model/transformer.h"
#include "runtime/golden_file.h"
#include "runtime/open_model.h"

namespace fathom {

// What the model computed, in the shapes of the golden data.
struct CaseRun {
  const GoldenCase* golden = nullptr;
  GoldenRows logits, mtp_logits, decode_logits;
  std::map<int64_t, GoldenRows> hidden;
  std::map<int64_t, GoldenSelection> topk;
  std::vector<int32_t> greedy;  // ends after the first token that differs
};

// The rows of a chunk [begin, end) of a case that need logits, as offsets from `begin`.
std::vector<int32_t> WantedRows(const GoldenCase& golden, int64_t begin, int64_t end);

// Runs up to `cases.size()` sequences at once, `chunk` tokens of each per step (0: all).
Result<std::vector<CaseRun>> RunGolden(LoadedModel& model, std::span<const GoldenCase> cases,
                                       int64_t chunk);

}  // namespace fathom
