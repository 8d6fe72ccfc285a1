#include "true_size/double_layer.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "true_size/double_math.h"

namespace fathom::true_size {
namespace {

// What a layer keeps of every position.
struct Cache {
  Rows latents;      // [T, R]
  Rows rotary_keys;  // [T, P]
  Rows index_keys;   // [T, J]
};

Rows Stacked(const std::vector<std::vector<double>>& vectors) {
  Rows rows(static_cast<int64_t>(vectors.size()), static_cast<int64_t>(vectors.at(0).size()));
  for (size_t i = 0; i < vectors.size(); ++i) {
    std::copy(vectors[i].begin(), vectors[i].end(), rows.row(static_cast<int64_t>(i)));
  }
  return rows;
}

class Layer {
 public:
  Layer(const Checkpoint& checkpoint, int64_t layer, const std::vector<Chosen>& chosen,
        ThreadPool& pool)
      : c_(checkpoint.config),
        w_(checkpoint, fmt::format("model.layers.{}.", layer), pool),
        dense_(!checkpoint.config.IsMoeLayer(layer)),
        chosen_(chosen),
        pool_(pool),
        rotary_(checkpoint.config) {}

  std::vector<DoubleRow> Run(const Rows& residual) {
    rows_.resize(chosen_.size());
    Rows x = residual;
    RmsNorm(w_.Vector("input_layernorm.weight"), c_.rms_norm_eps, &x);
    const Cache cache = FillCache(x);
    Rows queries = PickChosen(x), hidden = PickChosen(residual);
    const Rows attended = Attention(queries, cache);
    for (size_t i = 0; i < hidden.values.size(); ++i) hidden.values[i] += attended.values[i];
    Rows f = hidden;
    RmsNorm(w_.Vector("post_attention_layernorm.weight"), c_.rms_norm_eps, &f);
    const Rows out = dense_ ? Mlp("mlp.", f) : Moe(f);
    for (int64_t i = 0; i < out.count; ++i) {
      std::vector<double>& row = rows_[static_cast<size_t>(i)].hidden;
      for (int64_t d = 0; d < out.width; ++d) row.push_back(hidden.row(i)[d] + out.row(i)[d]);
    }
    return std::move(rows_);
  }

 private:
  Rows PickChosen(const Rows& all) const {
    Rows picked(static_cast<int64_t>(chosen_.size()), all.width);
    for (size_t i = 0; i < chosen_.size(); ++i) {
      std::copy_n(all.row(chosen_[i].position), all.width, picked.row(static_cast<int64_t>(i)));
    }
    return picked;
  }

  // Spec 3.4 and 3.5, the sides of keys and values. Nothing is rounded: in reference numerics the
  // program keeps latents and keys as f32.
  Cache FillCache(const Rows& x) const {
    const int64_t latent = c_.kv_lora_rank, rope = c_.qk_rope_head_dim;
    const Rows kv = w_.Multiply("self_attn.kv_a_proj_with_mqa", x);
    Cache cache = {Rows(x.count, latent), Rows(x.count, rope),
                   w_.Multiply("self_attn.indexer.wk", x)};
    const std::vector<double> weight = w_.Vector("self_attn.indexer.k_norm.weight");
    const std::vector<double> bias = w_.Vector("self_attn.indexer.k_norm.bias");
    for (int64_t t = 0; t < x.count; ++t) {
      std::copy_n(kv.row(t), latent, cache.latents.row(t));
      std::copy_n(kv.row(t) + latent, rope, cache.rotary_keys.row(t));
      rotary_.Interleaved(t, cache.rotary_keys.row(t));
      double* key = cache.index_keys.row(t);
      LayerNorm(weight, bias, 1e-6, {key, static_cast<size_t>(c_.index_head_dim)});
      RotateIndex(t, key);
    }
    RmsNorm(w_.Vector("self_attn.kv_a_layernorm.weight"), c_.rms_norm_eps, &cache.latents);
    return cache;
  }

  void RotateIndex(int64_t position, double* x) const {
    c_.indexer_rope_interleave ? rotary_.Interleaved(position, x) : rotary_.Half(position, x);
  }

  // Spec 3.5: I[t, s] = sum over heads of w[t, h] relu(q[t, h] · k[s]).
  void ScoreKeys(const Rows& x, const Rows& qr, const Cache& cache) {
    const int64_t heads = c_.index_n_heads, dim = c_.index_head_dim;
    Rows q = w_.Multiply("self_attn.indexer.wq_b", qr);
    const Rows weights = w_.Multiply("self_attn.indexer.weights_proj", x);
    const double scale = 1 / std::sqrt(static_cast<double>(heads * dim));
    for (size_t i = 0; i < chosen_.size(); ++i) {
      const auto row = static_cast<int64_t>(i);
      for (int64_t h = 0; h < heads; ++h) {
        RotateIndex(chosen_[i].position, q.row(row) + h * dim);
      }
      for (int64_t s = 0; s <= chosen_[i].position; ++s) {
        double score = 0;
        for (int64_t h = 0; h < heads; ++h) {
          const double product = Dot(q.row(row) + h * dim, cache.index_keys.row(s), dim);
          score += weights.row(row)[h] * scale * std::max(product, 0.0);
        }
        rows_[i].index_scores.push_back(score);
      }
    }
  }

  // Spec 3.4, in the multi-head form.
  Rows Attention(const Rows& x, const Cache& cache) {
    const int64_t nope = c_.qk_nope_head_dim, rope = c_.qk_rope_head_dim;
    const int64_t key = nope + rope, value = c_.v_head_dim, heads = c_.num_attention_heads;
    Rows qr = w_.Multiply("self_attn.q_a_proj", x);
    RmsNorm(w_.Vector("self_attn.q_a_layernorm.weight"), c_.rms_norm_eps, &qr);
    ScoreKeys(x, qr, cache);
    Rows q = w_.Multiply("self_attn.q_b_proj", qr);
    Rows out(x.count, heads * value);
    for (int64_t h = 0; h < heads; ++h) {
      const int64_t first = h * (nope + value);
      const Rows kv =
          w_.Multiply("self_attn.kv_b_proj", cache.latents, first, first + nope + value);
      pool_.Run(x.count, [&](int64_t i, int) {
        const Chosen& row = chosen_[static_cast<size_t>(i)];
        double* query = q.row(i) + h * key;
        rotary_.Interleaved(row.position, query + nope);
        std::vector<double> shares;
        for (const int32_t s : row.keys) {
          shares.push_back(
              rotary_.softmax_scale() *
              (Dot(query, kv.row(s), nope) + Dot(query + nope, cache.rotary_keys.row(s), rope)));
        }
        Softmax(&shares);
        double* to = out.row(i) + h * value;
        for (size_t j = 0; j < row.keys.size(); ++j) {
          const double* from = kv.row(row.keys[j]) + nope;
          for (int64_t v = 0; v < value; ++v) to[v] += shares[j] * from[v];
        }
      });
    }
    return w_.Multiply("self_attn.o_proj", out);
  }

  // Spec 3.6.
  Rows Mlp(const std::string& prefix, const Rows& x) const {
    Rows gate = w_.Multiply(prefix + "gate_proj", x);
    const Rows up = w_.Multiply(prefix + "up_proj", x);
    for (size_t i = 0; i < gate.values.size(); ++i) {
      gate.values[i] = Silu(gate.values[i]) * up.values[i];
    }
    return w_.Multiply(prefix + "down_proj", gate);
  }

  // Spec 4.
  Rows Moe(const Rows& x) {
    const Rows logits = w_.Multiply("mlp.gate", x);
    const std::vector<double> bias = w_.Vector("mlp.gate.e_score_correction_bias");
    Rows out = Mlp("mlp.shared_experts.", x);
    for (int64_t i = 0; i < x.count; ++i) {
      const auto row = static_cast<size_t>(i);
      std::vector<double> scores, biased;
      for (int64_t e = 0; e < logits.width; ++e) {
        scores.push_back(Sigmoid(logits.row(i)[e]));
        biased.push_back(scores.back() + bias[static_cast<size_t>(e)]);
      }
      CloseGroups(&biased);
      rows_[row].expert_scores = biased;
      double sum = 0;
      for (const int32_t e : chosen_[row].experts) sum += scores[static_cast<size_t>(e)];
      for (const int32_t e : chosen_[row].experts) {
        Rows one(1, x.width);
        std::copy_n(x.row(i), x.width, one.row(0));
        const Rows part = Mlp(fmt::format("mlp.experts.{}.", e), one);
        const double weight = scores[static_cast<size_t>(e)] / (c_.norm_topk_prob ? sum : 1.0) *
                              c_.routed_scaling_factor;
        for (int64_t d = 0; d < x.width; ++d) out.row(i)[d] += weight * part.row(0)[d];
      }
    }
    return out;
  }

  // Keeps the topk_group groups whose two best scores have the largest sums.
  void CloseGroups(std::vector<double>* biased) const {
    const int64_t size = c_.n_routed_experts / c_.n_group;
    std::vector<std::pair<double, int64_t>> sums;
    for (int64_t g = 0; g < c_.n_group; ++g) {
      std::vector<double> group(biased->begin() + g * size, biased->begin() + (g + 1) * size);
      std::sort(group.begin(), group.end(), std::greater<>());
      sums.emplace_back(group[0] + (size > 1 ? group[1] : 0), g);
    }
    std::sort(sums.begin(), sums.end(), std::greater<>());
    for (int64_t i = c_.topk_group; i < c_.n_group; ++i) {
      const auto first = biased->begin() + sums[static_cast<size_t>(i)].second * size;
      std::fill(first, first + size, -std::numeric_limits<double>::infinity());
    }
  }

  const ModelConfig& c_;
  const Weights w_;
  const bool dense_;
  const std::vector<Chosen>& chosen_;
  ThreadPool& pool_;
  const Rotary rotary_;
  std::vector<DoubleRow> rows_;
};

}  // namespace

std::vector<DoubleRow> DoubleLayer(const Checkpoint& checkpoint, int64_t layer,
                                   std::span<const float> hidden, const std::vector<Chosen>& chosen,
                                   ThreadPool& pool) {
  const int64_t width = checkpoint.config.hidden_size;
  Rows residual(static_cast<int64_t>(hidden.size()) / width, width);
  std::copy(hidden.begin(), hidden.end(), residual.values.begin());
  return Layer(checkpoint, layer, chosen, pool).Run(residual);
}

std::vector<double> DoubleFinalNorm(const Checkpoint& checkpoint, std::vector<double> hidden,
                                    ThreadPool& pool) {
  const Weights model(checkpoint, "model.", pool);
  RmsNorm(model.Vector("norm.weight"), checkpoint.config.rms_norm_eps, std::span(hidden));
  return hidden;
}

std::vector<std::vector<double>> DoubleLogits(const Checkpoint& checkpoint,
                                              const std::vector<std::vector<double>>& normed,
                                              ThreadPool& pool) {
  const Rows logits = Weights(checkpoint, "", pool).Multiply("lm_head", Stacked(normed));
  std::vector<std::vector<double>> out;
  for (int64_t i = 0; i < logits.count; ++i) {
    out.emplace_back(logits.row(i), logits.row(i) + logits.width);
  }
  return out;
}

}  // namespace fathom::true_size
