// A folder and some options → a model that can run: checkpoint, backend, cache and transformer,
// with memory planned and checked first.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "backend/backend.h"
#include "backend/cache_layout.h"
#include "base/status.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/progress.h"
#include "kv/kv_cache.h"
#include "model/transformer.h"
#include "runtime/memory_plan.h"

namespace fathom {

struct ModelOptions {
  std::string folder;
  Numerics numerics = Numerics::kFast;
  std::optional<CacheType>
      cache_type;  // by default f32 in reference, fp8 in official, bf16 in fast mode
  std::optional<int64_t> context;      // by default kDefaultContext, or what the model allows
  int threads = 0;                     // 0: every core this process may use
  int64_t sequences = 1;               // contexts of this length that the cache must hold at once,
                                       // unless one of these two says otherwise
  std::optional<int64_t> cache_bytes;  // what the cache may take; at least one context must fit
  bool share_memory = false;           // the cache takes half of what is left, if that is less
  int64_t step_tokens = 512;
  int64_t logit_rows = 16;
  int64_t dense_below = 0;
  bool mtp = false;
  bool weights_from_disk = false;  // accept weights larger than memory
  // Read every weight once before the start, so that damage is found and the first token is not
  // slow. Off: only the small tensors are read.
  bool read_weights = true;
  // What stands between the model and its backend, such as a profiler; nothing by default.
  std::function<std::unique_ptr<Backend>(std::unique_ptr<Backend>, const Checkpoint&)> wrap_backend;
};
inline constexpr int64_t kDefaultContext = 32768;

struct LoadedModel {
  Checkpoint checkpoint;
  MemoryPlan plan;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<KvCache> cache;
  std::unique_ptr<Transformer> transformer;
  double load_seconds = 0;
};

// Told once the plan is known to fit, before anything large is read.
using PlanCallback = std::function<void(const MemoryPlan&)>;

Result<std::unique_ptr<LoadedModel>> OpenModel(const ModelOptions& options,
                                               const PlanCallback& on_plan = nullptr,
                                               const ByteProgress& progress = nullptr);

inline constexpr Numerics kNumericModes[] = {Numerics::kReference, Numerics::kFast,
                                             Numerics::kOfficial};

// "reference", "fast" or "official".
std::string_view Name(Numerics numerics);
std::optional<Numerics> ParseNumerics(std::string_view name);

}  // namespace fathom
