// The lightning indexer (spec 3.5): its own keys and queries, scores over every cached key, and the
// best index_topk of them. Keys are written for every token, also where all of them are selected
// and nothing is scored: later tokens need them.

#include <algorithm>
#include <cmath>

#include "model/transformer.h"

namespace fathom {

void Transformer::SelectKeys(const IndexerWeights& w, const StepRows& rows,
                             const LayerCache& cache) {
  const int64_t tokens = rows.count, heads = config_.index_n_heads, dim = config_.index_head_dim;
  const int64_t rope = config_.qk_rope_head_dim;
  const RopeOrder order =
      config_.indexer_rope_interleave ? RopeOrder::kInterleaved : RopeOrder::kHalf;
  const BufferView x = s_.norm.Rows(0, tokens), cos_sin = s_.cos_sin.Rows(0, tokens);
  const BufferView q = s_.index_q.Rows(0, tokens), k = s_.index_k.Rows(0, tokens);
  const BufferView weights = s_.index_weights.Rows(0, tokens);
  constexpr float kKeyNormEps = 1e-6F;  // fixed in the official code, whatever rms_norm_eps says

  be_.Linear({s_.qr.Rows(0, tokens), w.wq_b, q});  // [T, I, J]  rotary part first
  be_.Rope({q, heads, dim, rope, cos_sin, order});
  be_.Linear({x, w.wk, k});  // [T, J]
  be_.LayerNorm({k, w.k_norm_weight, w.k_norm_bias, kKeyNormEps, k});
  be_.Rope({k, 1, rope, rope, cos_sin, order});
  if (cache.layout.type == CacheType::kFP8) {
    // Spreads outliers before the keys are rounded to e4m3. On both sides, so that products stay.
    be_.Hadamard({q, dim});
    be_.Hadamard({k, dim});
  }
  be_.WriteIndexKeys({rows, k, cache});
  be_.Linear({x, w.weights_proj, weights, LinearParams::Accuracy::kExact});  // [T, I]

  const auto scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(heads * dim)));
  for (int64_t begin = 0; begin < tokens; begin += s_.score_rows) {
    const int64_t end = std::min(tokens, begin + s_.score_rows);
    const BufferView scores = s_.scores.Rows(0, end - begin);
    be_.IndexScores(
        {rows, begin, end, q, weights, scale, heads, config_.index_topk, cache, scores});
    be_.TopK({rows, begin, end, scores, config_.index_topk, s_.selected, s_.counts});
  }
}

}  // namespace fathom
