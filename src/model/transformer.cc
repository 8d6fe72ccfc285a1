#include "model/transformer.h"

namespace fathom {

Transformer::Transformer(const Checkpoint& checkpoint, Backend& backend,
                         const TransformerOptions& options)
    : config_(checkpoint.config),
      options_(options),
      be_(backend),
      weights_(BindWeights(checkpoint, options.mtp)),
      rope_(checkpoint.config) {}

Status Transformer::CheckOptions(const Checkpoint& checkpoint, const TransformerOptions& options) {
  const ModelConfig& config = checkpoint.config;
  if (options.dense_below < 0 || options.dense_below > config.index_topk) {
    return InvalidArgument("dense_below: {} is outside [0, index_topk = {}]", options.dense_below,
                           config.index_topk);
  }
  if (options.context < 1 || options.context > config.max_position_embeddings) {
    return InvalidArgument("context: {} is outside [1, max_position_embeddings = {}]",
                           options.context, config.max_position_embeddings);
  }
  if (options.mtp && !checkpoint.has_mtp) {
    return NotFound("{}: has no MTP layer", checkpoint.folder);
  }
  return {};
}

Result<std::unique_ptr<Transformer>> Transformer::Create(const Checkpoint& checkpoint,
                                                         Backend& backend,
                                                         const TransformerOptions& options) {
  FATHOM_RETURN_IF_ERROR(CheckOptions(checkpoint, options));
  std::unique_ptr<Transformer> model(new Transformer(checkpoint, backend, options));
  FATHOM_ASSIGN_OR_RETURN(
      model->s_,
      Scratch::Create(backend, checkpoint.config,
                      {options.step_tokens, options.logit_rows, options.context}, options.mtp));
  return model;
}

int64_t Transformer::ScratchBytes(const ModelConfig& config, const TransformerOptions& options) {
  return Scratch::BytesFor(config, {options.step_tokens, options.logit_rows, options.context},
                           options.mtp);
}

void Transformer::Forward(const Batch& batch, KvCache& cache, StepObserver* observer) {
  const StepRows rows = batch.Rows();
  const int64_t tokens = rows.count;
  FATHOM_CHECK(tokens >= 1 && tokens <= options_.step_tokens, "a step of {} tokens, at most {}",
               tokens, options_.step_tokens);
  FATHOM_CHECK(batch.largest_position() < options_.context, "position {} in a context of {}",
               batch.largest_position(), options_.context);
  PrepareRows(batch, rows);
  const auto eps = static_cast<float>(config_.rms_norm_eps);
  const BufferView residual = s_.residual.Rows(0, tokens);  // [T, D]
  const BufferView delta = s_.delta.Rows(0, tokens);        // [T, D]
  const BufferView norm = s_.norm.Rows(0, tokens);          // [T, D]

  be_.Embed({batch.tokens().data(), weights_.embed, residual});
  if (observer != nullptr) observer->OnHidden(0, residual);
  be_.RmsNorm({residual, weights_.layers[0].attn_norm, eps, norm});
  const auto layers = static_cast<int64_t>(weights_.layers.size());
  for (int64_t i = 0; i < layers; ++i) {
    Layer(i, weights_.layers[static_cast<size_t>(i)], rows, cache.Layer(i), observer);
    const bool last = i + 1 == layers;
    const float* next =
        last ? weights_.norm : weights_.layers[static_cast<size_t>(i) + 1].attn_norm;
    be_.AddRmsNorm({delta, residual, next, eps, norm});
    if (observer != nullptr) observer->OnHidden(i + 1, last ? norm : residual);
  }
  Head(norm, batch.logit_rows());
}

void Transformer::Layer(int64_t index, const LayerWeights& w, const StepRows& rows,
                        const LayerCache& cache, StepObserver* observer) {
  const int64_t tokens = rows.count;
  Attention(index, w.attn, rows, cache, observer);
  be_.AddRmsNorm({s_.delta.Rows(0, tokens), s_.residual.Rows(0, tokens), w.ffn_norm,
                  static_cast<float>(config_.rms_norm_eps), s_.norm.Rows(0, tokens)});
  if (w.moe) {
    Moe(*w.moe, tokens);
    if (observer != nullptr) {
      be_.Wait();
      observer->OnExperts(index, s_.experts, config_.num_experts_per_tok);
    }
  } else {
    Mlp(*w.mlp, tokens, s_.delta.Rows(0, tokens));
  }
}

// Cosines and sines of the step's positions, and which form each row's attention takes.
void Transformer::PrepareRows(const Batch& batch, const StepRows& rows) {
  dense_rows_.clear();
  sparse_rows_.clear();
  for (int64_t row = 0; row < rows.count; ++row) {
    rope_.Fill(rows.positions[row], s_.cos_sin.row<float>(row));
    const bool dense = rows.positions[row] < options_.dense_below ||
                       (options_.dense_prompts && batch.InPrompt(row));
    (dense ? dense_rows_ : sparse_rows_).push_back(static_cast<int32_t>(row));
  }
}

// Logits of the listed rows, in full precision in every mode.
void Transformer::Head(const BufferView& normed, std::span<const int32_t> rows) {
  const auto count = static_cast<int64_t>(rows.size());
  FATHOM_CHECK(count <= options_.logit_rows, "{} rows of logits, at most {}", count,
               options_.logit_rows);
  logits_ = s_.logits.Rows(0, count);
  if (count == 0) return;
  const BufferView picked = s_.head_rows.Rows(0, count);
  be_.GatherRows({normed, rows, picked});
  be_.Linear({picked, weights_.head, logits_, LinearParams::Accuracy::kExact});  // [R, vocab]
  be_.Wait();
}

}  // namespace fathom
