// The feed-forward half of a layer (spec 3.6, 4): a dense MLP, or the chosen experts and the shared
// one.

#include "model/transformer.h"

namespace fathom {

void Transformer::Mlp(const MlpWeights& w, int64_t tokens, const BufferView& out) {
  const BufferView x = s_.norm.Rows(0, tokens);
  const BufferView gate = s_.gate.Rows(0, tokens).Columns(0, w.w1.rows);
  const BufferView up = s_.up.Rows(0, tokens).Columns(0, w.w1.rows);
  be_.Linear({x, w.w1, gate});  // [T, F]
  be_.Linear({x, w.w3, up});    // [T, F]
  be_.SwiGlu({gate, up, gate});
  be_.Linear({gate, w.w2, out});  // [T, D]
}

void Transformer::Moe(const MoeWeights& w, int64_t tokens) {
  const BufferView x = s_.norm.Rows(0, tokens), router = s_.router.Rows(0, tokens);
  const BufferView routed = s_.experts_out.Rows(0, tokens), out = s_.delta.Rows(0, tokens);
  be_.Linear({x, w.gate, router, LinearParams::Accuracy::kExact});  // [T, E]
  be_.RouteExperts({router, w.bias, config_.n_group, config_.topk_group,
                    config_.num_experts_per_tok, config_.norm_topk_prob,
                    static_cast<float>(config_.routed_scaling_factor), s_.experts,
                    s_.expert_weights});
  be_.Experts({x, w.experts, s_.experts, s_.expert_weights, config_.num_experts_per_tok,
               routed});  // [T, D]
  Mlp(w.shared, tokens, out);
  be_.Add({out, routed});
}

}  // namespace fathom
