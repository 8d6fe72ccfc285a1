// The multi-token-prediction layer (spec 5): from the hidden state of a token and the token after
// it, the logits of the one after that. A whole decoder layer with a cache of its own.

#include "model/transformer.h"

namespace fathom {

void Transformer::ForwardMtp(const Batch& batch, std::span<const int32_t> hidden_rows,
                             KvCache& cache) {
  FATHOM_CHECK(has_mtp(), "the MTP layer is not bound");
  const MtpWeights& w = *weights_.mtp;
  const StepRows rows = batch.Rows();
  const int64_t tokens = rows.count, hidden = config_.hidden_size;
  FATHOM_CHECK(static_cast<int64_t>(hidden_rows.size()) == tokens, "{} hidden rows for {} tokens",
               hidden_rows.size(), tokens);
  const auto eps = static_cast<float>(config_.rms_norm_eps);
  const BufferView residual = s_.residual.Rows(0, tokens), delta = s_.delta.Rows(0, tokens);
  const BufferView norm = s_.norm.Rows(0, tokens), pair = s_.pair.Rows(0, tokens);

  // The main model's final-normed hidden states lie in s_.norm, which the layer overwrites.
  const BufferView embedding = pair.Columns(0, hidden), state = pair.Columns(hidden, hidden);
  be_.GatherRows({s_.norm, hidden_rows, state});
  be_.RmsNorm({state, w.hnorm, eps, state});
  be_.Embed({batch.tokens().data(), weights_.embed, embedding});
  be_.RmsNorm({embedding, w.enorm, eps, embedding});
  be_.Linear({pair, w.eh_proj, residual});  // [T, D]

  PrepareRows(batch, rows);
  const int64_t index = config_.num_hidden_layers;
  be_.RmsNorm({residual, w.layer.attn_norm, eps, norm});
  Layer(index, w.layer, rows, cache.Layer(index), nullptr);
  be_.AddRmsNorm({delta, residual, w.norm, eps, norm});
  Head(norm, batch.logit_rows());
}

}  // namespace fathom
