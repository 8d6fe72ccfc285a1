// This build on this machine against golden data: does it compute DeepSeek-V3.2?
//
// Every case is run through the cache in chunks, several cases at once if asked for, and whatever
// the golden file holds of it is compared: logits, hidden states, selected positions, the MTP
// layer's logits, greedy continuations.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "runtime/golden_file.h"
#include "runtime/open_model.h"

namespace fathom {

struct VerifyOptions {
  int64_t chunk = 512;  // tokens of one case per step; 0: the whole prompt
  int64_t batch = 1;    // cases run at once
};

struct TensorReport {
  std::string name;  // as in the golden file
  std::optional<double> max_abs, mean_abs;
  std::optional<double> scale;                 // root mean square of the golden values, at least 1
  std::optional<double> mean_kl;               // nats, golden distribution against ours
  std::optional<double> top1;                  // share of rows whose largest element agrees
  std::optional<double> overlap;               // smallest share of a row's selected positions found
  std::optional<int64_t> equal_tokens;         // of a greedy continuation, before it first differs
  std::optional<double> margin_at_difference;  // the golden margin there
  bool ok = true;
  std::string why;  // when not ok: which bound was left
};

struct VerifyReport {
  bool ok = true;
  std::vector<TensorReport> tensors;
  std::string first_bad_layer;  // "len300: layer 2 (hidden.3)", or empty
  uint64_t digest = 0;          // of every number computed: equal digests mean equal bits
  int64_t tokens = 0;
  double seconds = 0;
};

// What the model must be opened with to run these cases.
void FitOptions(const std::vector<GoldenCase>& cases, const VerifyOptions& options,
                ModelOptions* model);

// kInvalidArgument when the file does not belong to the model (vocabulary, layers, no MTP layer);
// kDataLoss, with the place, for numbers that are NaN.
Result<VerifyReport> Verify(LoadedModel& model, const std::vector<GoldenCase>& cases,
                            const VerifyOptions& options);

}  // namespace fathom
