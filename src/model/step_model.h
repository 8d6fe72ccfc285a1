// What the engine asks of a model: run a step, leave logits. Transformer is the one that computes;
// tests put others in its place.
#pragma once

#include <cstdint>

#include "backend/buffer.h"
#include "kv/kv_cache.h"
#include "model/batch.h"

namespace fathom {

struct TransformerOptions {
  int64_t step_tokens = 512;  // most tokens of one step
  int64_t logit_rows = 16;    // most rows of one step that get logits
  int64_t context = 4096;     // tokens of the longest sequence
  bool mtp = false;           // bind the MTP layer
  // Queries at positions below this take the multi-head form, which is cheaper for long steps over
  // short contexts and dearer otherwise; the others take the absorbed form. At most index_topk,
  // since the multi-head form reads every key. A property of the model, not of a step, so that a
  // token's numbers do not depend on how the prompt was cut.
  int64_t dense_below = 0;
  // Prompts take the multi-head form over their selected positions at any length, as the official
  // code does; only a backend with official numerics can.
  bool dense_prompts = false;
};

// Threads: one at a time (the engine's), but for vocab_size() and options(), which never change.
class StepModel {
 public:
  virtual ~StepModel() = default;

  virtual int64_t vocab_size() const = 0;
  virtual const TransformerOptions& options() const = 0;

  // Runs a step: writes the cache of its tokens and leaves logits(). The batch fits the options.
  // Every earlier position of its sequences has been run.
  virtual void Forward(const Batch& batch, KvCache& cache) = 0;

  // [R, vocab_size], rows in the order of the batch's logit_rows; valid until the next step.
  virtual BufferView logits() const = 0;
};

}  // namespace fathom
