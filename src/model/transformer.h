// DeepSeek-V3.2's forward pass, written once against backend/backend.h.
//
// transformer.cc reads like the paper: embed → layers → norm → head. attention.cc, indexer.cc and
// ffn.cc hold the blocks of a layer, mtp.cc the layer that drafts. The model knows no device and
// no thread; it plans its memory when it is made and allocates nothing afterwards.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "backend/backend.h"
#include "base/status.h"
#include "checkpoint/checkpoint.h"
#include "kv/kv_cache.h"
#include "model/batch.h"
#include "model/rope_table.h"
#include "model/scratch.h"
#include "model/step_model.h"
#include "model/weights.h"

namespace fathom {

// Sees what lies between, for verification; row numbers are those of the batch.
class StepObserver {
 public:
  virtual ~StepObserver() = default;
  // The residual stream: index 0 after the embedding, i after layer i - 1; the last one after the
  // final norm. [T, D]
  virtual void OnHidden(int64_t index, const BufferView& hidden) = 0;
  // selected [T, topk], counts [T]; rows in the multi-head form select every position they see.
  virtual void OnSelected(int64_t layer, const int32_t* selected, const int32_t* counts,
                          int64_t topk) = 0;
  // The router's choice in a layer of experts: experts [T, per_token], best first.
  virtual void OnExperts(int64_t layer, const int32_t* experts, int64_t per_token) {
    static_cast<void>(layer), static_cast<void>(experts), static_cast<void>(per_token);
  }
};

// Threads: one at a time (the engine's).
class Transformer : public StepModel {
 public:
  // The checkpoint and the backend outlive the model. Errors are those of CheckOptions, and
  // kResourceExhausted.
  static Result<std::unique_ptr<Transformer>> Create(const Checkpoint& checkpoint, Backend& backend,
                                                     const TransformerOptions& options);

  // kInvalidArgument, naming the option, for what the config does not allow; kNotFound for an MTP
  // layer that is not there.
  static Status CheckOptions(const Checkpoint& checkpoint, const TransformerOptions& options);

  // What Create will take beside the weights.
  static int64_t ScratchBytes(const ModelConfig& config, const TransformerOptions& options);

  const ModelConfig& config() const { return config_; }
  int64_t vocab_size() const override { return config_.vocab_size; }
  const TransformerOptions& options() const override { return options_; }
  bool has_mtp() const { return weights_.mtp.has_value(); }
  // Layers of cache that the model needs, the MTP layer's included.
  int64_t cache_layers() const { return config_.num_hidden_layers + (has_mtp() ? 1 : 0); }

  void Forward(const Batch& batch, KvCache& cache) override { Forward(batch, cache, nullptr); }
  void Forward(const Batch& batch, KvCache& cache, StepObserver* observer);

  // Runs the MTP layer over rows whose hidden states the last Forward left, same positions: row i
  // of `batch` holds the token that follows row hidden_rows[i] of that step. Leaves logits(): row
  // i's predicts the token after that. `batch` has the layer's own past in the cache.
  void ForwardMtp(const Batch& batch, std::span<const int32_t> hidden_rows, KvCache& cache);

  BufferView logits() const override { return logits_; }

 private:
  Transformer(const Checkpoint& checkpoint, Backend& backend, const TransformerOptions& options);

  // The blocks. Each reads s_.norm and leaves its output in s_.delta.
  void Layer(int64_t index, const LayerWeights& w, const StepRows& rows, const LayerCache& cache,
             StepObserver* observer);
  void Attention(int64_t index, const AttentionWeights& w, const StepRows& rows,
                 const LayerCache& cache, StepObserver* observer);
  void SelectKeys(const IndexerWeights& w, const StepRows& rows, const LayerCache& cache);
  void Attend(const AttentionWeights& w, const StepRows& rows, const LayerCache& cache);
  void Mlp(const MlpWeights& w, int64_t tokens, const BufferView& out);
  void Moe(const MoeWeights& w, int64_t tokens);

  void PrepareRows(const Batch& batch, const StepRows& rows);
  void Head(const BufferView& normed, std::span<const int32_t> rows);

  const ModelConfig config_;
  const TransformerOptions options_;
  Backend& be_;
  const ModelWeights weights_;
  const RopeTable rope_;
  Scratch s_;
  std::vector<int32_t> dense_rows_, sparse_rows_;  // of the step, by form
  BufferView logits_;
};

}  // namespace fathom
