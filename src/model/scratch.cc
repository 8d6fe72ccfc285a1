#include "model/scratch.h"

#include <algorithm>
#include <utility>

namespace fathom {

size_t ScratchPlan::Add(std::string name, int64_t rows, int64_t cols) {
  constexpr int64_t kAlign = 64;
  entries_.push_back({std::move(name), rows, cols, bytes_});
  bytes_ += (rows * cols * int64_t{sizeof(float)} + kAlign - 1) / kAlign * kAlign;
  return entries_.size() - 1;
}

BufferView ScratchPlan::View(const Buffer& memory, size_t entry) const {
  const Entry& e = entries_[entry];
  return {memory.data() + e.offset, DType::kF32, e.rows, e.cols, e.cols};
}

std::string ScratchPlan::Describe() const {
  std::string text;
  for (const Entry& e : entries_) {
    text += fmt::format("{:<14} [{}, {}] {:.1f} MiB\n", e.name, e.rows, e.cols,
                        static_cast<double>(e.rows * e.cols * 4) / (1 << 20));
  }
  return text;
}

namespace {

struct Planned {
  BufferView Scratch::*field;  // null for the lists of integers, which are bound by name
  const char* name;
  int64_t rows, cols;
};

std::vector<Planned> PlannedBuffers(const ModelConfig& c, const ScratchLimits& limits,
                                    bool with_mtp, int64_t score_rows) {
  const int64_t tokens = limits.step_tokens, hidden = c.hidden_size;
  const int64_t heads = c.num_attention_heads;
  const int64_t inner = std::max(c.first_k_dense_replace > 0 ? c.intermediate_size : 0,
                                 c.n_shared_experts * c.moe_intermediate_size);
  const int64_t context = (limits.context + kPageTokens - 1) / kPageTokens * kPageTokens;
  return {
      {&Scratch::residual, "residual", tokens, hidden},
      {&Scratch::delta, "delta", tokens, hidden},
      {&Scratch::norm, "norm", tokens, hidden},
      {&Scratch::q_a, "q_a", tokens, c.q_lora_rank},
      {&Scratch::qr, "qr", tokens, c.q_lora_rank},
      {&Scratch::q, "q", tokens, heads * c.qk_head_dim()},
      {&Scratch::kv, "kv", tokens, c.kv_lora_rank + c.qk_rope_head_dim},
      {&Scratch::query_latent, "query_latent", tokens, heads * c.kv_lora_rank},
      {&Scratch::latent_out, "latent_out", tokens, heads * c.kv_lora_rank},
      {&Scratch::heads_out, "heads_out", tokens, heads * c.v_head_dim},
      {&Scratch::index_q, "index_q", tokens, c.index_n_heads * c.index_head_dim},
      {&Scratch::index_k, "index_k", tokens, c.index_head_dim},
      {&Scratch::index_weights, "index_weights", tokens, c.index_n_heads},
      {&Scratch::scores, "scores", score_rows, context},
      {&Scratch::gate, "gate", tokens, inner},
      {&Scratch::up, "up", tokens, inner},
      {&Scratch::router, "router", tokens, c.n_routed_experts},
      {&Scratch::experts_out, "experts_out", tokens, hidden},
      {&Scratch::cos_sin, "cos_sin", tokens, c.qk_rope_head_dim},
      {&Scratch::pair, "pair", with_mtp ? tokens : 0, 2 * hidden},
      {&Scratch::head_rows, "head_rows", limits.logit_rows, hidden},
      {&Scratch::logits, "logits", limits.logit_rows, c.vocab_size},
      {nullptr, "selected", tokens, c.index_topk},
      {nullptr, "counts", tokens, 1},
      {nullptr, "experts", tokens, c.num_experts_per_tok},
      {nullptr, "expert_weights", tokens, c.num_experts_per_tok},
  };
}

int64_t ScoreRows(const ScratchLimits& limits) {
  return std::clamp<int64_t>(Scratch::kScoreFloats / std::max<int64_t>(1, limits.context), 8,
                             std::max<int64_t>(8, limits.step_tokens));
}

}  // namespace

int64_t Scratch::BytesFor(const ModelConfig& config, const ScratchLimits& limits, bool with_mtp) {
  ScratchPlan plan;
  for (const Planned& p : PlannedBuffers(config, limits, with_mtp, ScoreRows(limits))) {
    plan.Add(p.name, p.rows, p.cols);
  }
  return plan.bytes();
}

Result<Scratch> Scratch::Create(Backend& backend, const ModelConfig& config,
                                const ScratchLimits& limits, bool with_mtp) {
  Scratch scratch;
  scratch.score_rows = ScoreRows(limits);
  const auto planned = PlannedBuffers(config, limits, with_mtp, scratch.score_rows);
  for (const Planned& p : planned) scratch.plan.Add(p.name, p.rows, p.cols);
  FATHOM_ASSIGN_OR_RETURN(scratch.memory,
                          backend.Allocate(static_cast<size_t>(scratch.plan.bytes())));
  for (size_t i = 0; i < planned.size(); ++i) {
    const BufferView view = scratch.plan.View(scratch.memory, i);
    const std::string_view name = planned[i].name;
    if (planned[i].field != nullptr) scratch.*(planned[i].field) = view;
    if (name == "selected") scratch.selected = reinterpret_cast<int32_t*>(view.data);
    if (name == "counts") scratch.counts = reinterpret_cast<int32_t*>(view.data);
    if (name == "experts") scratch.experts = reinterpret_cast<int32_t*>(view.data);
    if (name == "expert_weights") scratch.expert_weights = reinterpret_cast<float*>(view.data);
  }
  return scratch;
}

}  // namespace fathom
