#include "model/weights.h"

#include <cstring>
#include <string>

#include "tensor/float_formats.h"

namespace fathom {
namespace {

float ElementOf(const TensorView& tensor, int64_t i) {
  const auto* bytes = static_cast<const std::byte*>(tensor.data) + i * Bytes(tensor.dtype);
  uint16_t bits;
  float value;
  switch (tensor.dtype) {
    case DType::kF32:
      std::memcpy(&value, bytes, sizeof(value));
      return value;
    case DType::kBF16:
      std::memcpy(&bits, bytes, sizeof(bits));
      return ToFloat(BF16{bits});
    case DType::kF16:
      std::memcpy(&bits, bytes, sizeof(bits));
      return ToFloat(F16{bits});
    default:
      FATHOM_CHECK(false, "a vector of type {}", Name(tensor.dtype));
  }
}

// Binds names below one prefix.
class Binder {
 public:
  Binder(const Checkpoint& checkpoint, ModelWeights* model)
      : checkpoint_(checkpoint), model_(model) {}

  MatrixView Matrix(const std::string& name) const { return checkpoint_.Matrix(name + ".weight"); }

  const float* Vector(const std::string& name) const {
    const TensorView tensor = checkpoint_.Plain(name);
    std::vector<float> values(static_cast<size_t>(tensor.elements()));
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = ElementOf(tensor, static_cast<int64_t>(i));
    }
    return model_->vectors.emplace_back(std::move(values)).data();
  }

  MlpWeights Mlp(const std::string& prefix) const {
    return {Matrix(prefix + "gate_proj"), Matrix(prefix + "up_proj"), Matrix(prefix + "down_proj")};
  }

  AttentionWeights Attention(const std::string& prefix) const {
    AttentionWeights w;
    w.wq_a = Matrix(prefix + "q_a_proj");
    w.q_norm = Vector(prefix + "q_a_layernorm.weight");
    w.wq_b = Matrix(prefix + "q_b_proj");
    w.wkv_a = Matrix(prefix + "kv_a_proj_with_mqa");
    w.kv_norm = Vector(prefix + "kv_a_layernorm.weight");
    w.wkv_b = Matrix(prefix + "kv_b_proj");
    w.wo = Matrix(prefix + "o_proj");
    w.indexer.wq_b = Matrix(prefix + "indexer.wq_b");
    w.indexer.wk = Matrix(prefix + "indexer.wk");
    w.indexer.k_norm_weight = Vector(prefix + "indexer.k_norm.weight");
    w.indexer.k_norm_bias = Vector(prefix + "indexer.k_norm.bias");
    w.indexer.weights_proj = Matrix(prefix + "indexer.weights_proj");
    return w;
  }

  MoeWeights Moe(const std::string& prefix) const {
    MoeWeights w;
    w.gate = Matrix(prefix + "gate");
    w.bias = Vector(prefix + "gate.e_score_correction_bias");
    for (int64_t e = 0; e < checkpoint_.config.n_routed_experts; ++e) {
      const MlpWeights expert = Mlp(fmt::format("{}experts.{}.", prefix, e));
      w.experts.push_back({expert.w1, expert.w3, expert.w2});
    }
    w.shared = Mlp(prefix + "shared_experts.");
    return w;
  }

  LayerWeights Layer(int64_t index) const {
    const std::string prefix = fmt::format("model.layers.{}.", index);
    LayerWeights w;
    w.attn_norm = Vector(prefix + "input_layernorm.weight");
    w.attn = Attention(prefix + "self_attn.");
    w.ffn_norm = Vector(prefix + "post_attention_layernorm.weight");
    if (checkpoint_.config.IsMoeLayer(index)) {
      w.moe = Moe(prefix + "mlp.");
    } else {
      w.mlp = Mlp(prefix + "mlp.");
    }
    return w;
  }

 private:
  const Checkpoint& checkpoint_;
  ModelWeights* model_;
};

}  // namespace

ModelWeights BindWeights(const Checkpoint& checkpoint, bool with_mtp) {
  ModelWeights model;
  const Binder bind(checkpoint, &model);
  const int64_t layers = checkpoint.config.num_hidden_layers;
  model.embed = bind.Matrix("model.embed_tokens");
  for (int64_t i = 0; i < layers; ++i) model.layers.push_back(bind.Layer(i));
  model.norm = bind.Vector("model.norm.weight");
  model.head = bind.Matrix("lm_head");
  if (with_mtp) {
    FATHOM_CHECK(checkpoint.has_mtp, "{} has no MTP layer", checkpoint.folder);
    const std::string prefix = fmt::format("model.layers.{}.", layers);
    MtpWeights mtp;
    mtp.enorm = bind.Vector(prefix + "enorm.weight");
    mtp.hnorm = bind.Vector(prefix + "hnorm.weight");
    mtp.eh_proj = bind.Matrix(prefix + "eh_proj");
    mtp.layer = bind.Layer(layers);
    mtp.norm = bind.Vector(prefix + "shared_head.norm.weight");
    model.mtp = std::move(mtp);
  }
  return model;
}

}  // namespace fathom
