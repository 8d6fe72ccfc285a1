// Multi-head latent attention (spec 3.4): projections, cache, and the two forms of the attention
// itself. Which form a row takes depends on its position and, where the model is told so, on
// the length of its prompt.

#include "model/transformer.h"

namespace fathom {

void Transformer::Attention(int64_t index, const AttentionWeights& w, const StepRows& rows,
                            const LayerCache& cache, StepObserver* observer) {
  const int64_t tokens = rows.count, heads = config_.num_attention_heads;
  const int64_t nope = config_.qk_nope_head_dim, rope = config_.qk_rope_head_dim;
  const int64_t latent = config_.kv_lora_rank;
  const auto eps = static_cast<float>(config_.rms_norm_eps);
  const BufferView x = s_.norm.Rows(0, tokens);
  const BufferView q_a = s_.q_a.Rows(0, tokens), qr = s_.qr.Rows(0, tokens);
  const BufferView q = s_.q.Rows(0, tokens), kv = s_.kv.Rows(0, tokens);
  const BufferView cos_sin = s_.cos_sin.Rows(0, tokens);

  be_.Linear({x, w.wq_a, q_a});           // [T, Q]
  be_.RmsNorm({q_a, w.q_norm, eps, qr});  // [T, Q]  the indexer reads qr too
  be_.Linear({qr, w.wq_b, q});            // [T, H, N + P]
  be_.Rope(
      {q.Columns(nope, q.cols - nope), heads, nope + rope, rope, cos_sin, RopeOrder::kInterleaved});

  be_.Linear({x, w.wkv_a, kv});  // [T, R + P]
  const BufferView c = kv.Columns(0, latent);
  be_.RmsNorm({c, w.kv_norm, eps, c});
  be_.Rope({kv.Columns(latent, rope), 1, rope, rope, cos_sin, RopeOrder::kInterleaved});
  be_.WriteLatents({rows, kv, cache});

  SelectKeys(w.indexer, rows, cache);
  if (observer != nullptr) {
    be_.Wait();
    observer->OnSelected(index, s_.selected, s_.counts, config_.index_topk);
  }
  Attend(w, rows, cache);
  be_.Linear({s_.heads_out.Rows(0, tokens), w.wo, s_.delta.Rows(0, tokens)});  // [T, D]
}

void Transformer::Attend(const AttentionWeights& w, const StepRows& rows, const LayerCache& cache) {
  const int64_t tokens = rows.count, heads = config_.num_attention_heads;
  const int64_t nope = config_.qk_nope_head_dim, rope = config_.qk_rope_head_dim;
  const int64_t value = config_.v_head_dim;
  const BufferView q = s_.q.Rows(0, tokens), out = s_.heads_out.Rows(0, tokens);
  if (!sparse_rows_.empty()) {
    const BufferView query_latent = s_.query_latent.Rows(0, tokens);
    const BufferView latent_out = s_.latent_out.Rows(0, tokens);
    be_.AbsorbQueries({q, w.wkv_b, heads, nope, rope, value, query_latent});  // [T, H, R]
    be_.SparseMla({rows, sparse_rows_, query_latent, q, heads, nope, rope, s_.selected, s_.counts,
                   config_.index_topk, rope_.softmax_scale(), cache, latent_out});    // [T, H, R]
    be_.ProjectValues({sparse_rows_, latent_out, w.wkv_b, heads, nope, value, out});  // [T, H, V]
  }
  if (!dense_rows_.empty()) {
    be_.DenseMla({rows, dense_rows_, q, w.wkv_b, heads, nope, rope, value, s_.selected, s_.counts,
                  config_.index_topk, rope_.softmax_scale(), cache, out});  // [T, H, V]
  }
}

}  // namespace fathom
