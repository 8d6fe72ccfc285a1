// All activations of a step in one allocation, planned once from the config and the step limit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "base/status.h"
#include "checkpoint/model_config.h"

namespace fathom {

// Lays buffers out one after the other, 64-byte aligned.
class ScratchPlan {
 public:
  struct Entry {
    std::string name;
    int64_t rows, cols, offset;  // f32 elements, bytes
  };

  // Returns the entry's number.
  size_t Add(std::string name, int64_t rows, int64_t cols);
  int64_t bytes() const { return bytes_; }
  const std::vector<Entry>& entries() const { return entries_; }
  BufferView View(const Buffer& memory, size_t entry) const;

  // A line a buffer: name, shape, MiB.
  std::string Describe() const;

 private:
  std::vector<Entry> entries_;
  int64_t bytes_ = 0;
};

struct ScratchLimits {
  int64_t step_tokens;  // T at most
  int64_t logit_rows;   // R at most
  int64_t context;      // largest position + 1
};

// Letters as in backend/op_params.h and model/weights.h.
struct Scratch {
  BufferView residual;       // [T, D]
  BufferView delta;          // [T, D]  output of a block, not yet in the residual
  BufferView norm;           // [T, D]  input of a block
  BufferView q_a;            // [T, Q]
  BufferView qr;             // [T, Q]  normed; the indexer reads it too
  BufferView q;              // [T, H * (N + P)]
  BufferView kv;             // [T, R + P]
  BufferView query_latent;   // [T, H * R]
  BufferView latent_out;     // [T, H * R]
  BufferView heads_out;      // [T, H * V]
  BufferView index_q;        // [T, I * J]
  BufferView index_k;        // [T, J]
  BufferView index_weights;  // [T, I]
  BufferView scores;         // [score_rows, context rounded up to pages]
  BufferView gate, up;       // [T, max(F, n_shared_experts * G)]
  BufferView router;         // [T, E]
  BufferView experts_out;    // [T, D]
  BufferView cos_sin;        // [T, P]
  BufferView pair;           // [T, 2 D]  MTP: embedding and hidden side by side
  BufferView head_rows;      // [R, D]
  BufferView logits;         // [R, vocab]

  int32_t* selected = nullptr;      // [T, K]  positions each row attends to
  int32_t* counts = nullptr;        // [T]
  int32_t* experts = nullptr;       // [T, k]
  float* expert_weights = nullptr;  // [T, k]

  // Index scores are computed for so many rows at a time that they stay below 32 MiB.
  static constexpr int64_t kScoreFloats = int64_t{8} << 20;
  int64_t score_rows = 0;

  ScratchPlan plan;
  Buffer memory;

  // What Create will take.
  static int64_t BytesFor(const ModelConfig& config, const ScratchLimits& limits, bool with_mtp);
  static Result<Scratch> Create(Backend& backend, const ModelConfig& config,
                                const ScratchLimits& limits, bool with_mtp);
};

}  // namespace fathom
