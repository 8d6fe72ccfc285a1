// A model for tests that says what a script tells it to.
//
// It keeps the token written to each place of each cache page, and reads a sequence's whole prefix
// back through the page table before it asks the script for the next one. So a wrong page table, a
// page given to two, or a prefix wrongly shared shows as other tokens. No weights, no kernels; no
// test library either, so that programs can be built on it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "kv/kv_cache.h"
#include "model/step_model.h"

namespace fathom::test {

// The next token, given all tokens so far; kBrokenLogits for a row with a NaN in it.
using Script = std::function<int32_t(std::span<const int32_t> prefix)>;
inline constexpr int32_t kBrokenLogits = -1;

// Writes the whole row of logits [vocab], given all tokens so far.
using RowScript = std::function<void(std::span<const int32_t> prefix, std::span<float> logits)>;

// A script whose every token depends on every token before it, in [first, first + count).
Script HashScript(int32_t first, int32_t count);

// Threads: one at a time (the engine's).
class ScriptedModel : public StepModel {
 public:
  ScriptedModel(const TransformerOptions& options, int64_t vocab_size, int32_t pages,
                Script script);

  // The pages that the model's cache has: KvCache::WithoutMemory.
  KvCache& cache() { return cache_; }

  // Called inside of every step, before anything is written.
  void OnStep(std::function<void(const Batch&)> on_step) { on_step_ = std::move(on_step); }

  // Rows are written by this one, and the script isn't asked.
  void WriteRows(RowScript rows) { write_row_ = std::move(rows); }

  int64_t vocab_size() const override { return vocab_size_; }
  const TransformerOptions& options() const override { return options_; }
  void Forward(const Batch& batch, KvCache& cache) override;
  BufferView logits() const override;

 private:
  const TransformerOptions options_;
  const int64_t vocab_size_;
  const Script script_;
  std::function<void(const Batch&)> on_step_;
  RowScript write_row_;
  KvCache cache_;
  std::vector<int32_t> written_;  // [pages, 64], kUnwritten where nothing was
  std::vector<int32_t> prefix_;
  std::vector<float> logits_;  // [R, vocab]
  int64_t rows_ = 0;
};

}  // namespace fathom::test
