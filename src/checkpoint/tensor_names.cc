#include "checkpoint/tensor_names.h"

#include <array>

#include "quant/matrix_view.h"

namespace fathom {
namespace {

constexpr std::array<std::string_view, static_cast<size_t>(TensorKind::kCount)> kKindNames = {
    "embedding", "head",   "norms",          "attention",      "indexer",
    "dense MLP", "router", "routed experts", "shared experts", "MTP joint"};

// Collects the specs of one layer, or of the tensors outside the layers.
class SpecList {
 public:
  explicit SpecList(const ModelConfig& config) : c_(config) {}

  void Enter(int64_t layer) {
    layer_ = layer;
    prefix_ = layer < 0 ? "" : fmt::format("model.layers.{}.", layer);
  }
  void Add(TensorKind kind, Storage storage, std::string_view name, Shape shape,
           bool optional = false) {
    specs_.push_back({.name = fmt::format("{}{}", prefix_, name),
                      .kind = kind,
                      .storage = storage,
                      .shape = shape,
                      .layer = layer_,
                      .optional = optional});
  }
  void Matrix(TensorKind kind, std::string_view name, int64_t rows, int64_t cols) {
    Add(kind, Storage::kMatrix, fmt::format("{}.weight", name), {rows, cols});
  }
  void Norm(std::string_view name, int64_t size) {
    Add(TensorKind::kNorm, Storage::kBF16, fmt::format("{}.weight", name), {size});
  }

  void Attention() {
    constexpr TensorKind kKind = TensorKind::kAttention;
    Matrix(kKind, "self_attn.q_a_proj", c_.q_lora_rank, c_.hidden_size);
    Norm("self_attn.q_a_layernorm", c_.q_lora_rank);
    Matrix(kKind, "self_attn.q_b_proj", c_.num_attention_heads * c_.qk_head_dim(), c_.q_lora_rank);
    Matrix(kKind, "self_attn.kv_a_proj_with_mqa", c_.kv_lora_rank + c_.qk_rope_head_dim,
           c_.hidden_size);
    Norm("self_attn.kv_a_layernorm", c_.kv_lora_rank);
    Matrix(kKind, "self_attn.kv_b_proj",
           c_.num_attention_heads * (c_.qk_nope_head_dim + c_.v_head_dim), c_.kv_lora_rank);
    Matrix(kKind, "self_attn.o_proj", c_.hidden_size, c_.num_attention_heads * c_.v_head_dim);
  }

  void Indexer() {
    constexpr TensorKind kKind = TensorKind::kIndexer;
    Matrix(kKind, "self_attn.indexer.wq_b", c_.index_n_heads * c_.index_head_dim, c_.q_lora_rank);
    Matrix(kKind, "self_attn.indexer.wk", c_.index_head_dim, c_.hidden_size);
    Add(kKind, Storage::kF32, "self_attn.indexer.k_norm.weight", {c_.index_head_dim});
    Add(kKind, Storage::kF32, "self_attn.indexer.k_norm.bias", {c_.index_head_dim});
    Add(kKind, Storage::kBF16, "self_attn.indexer.weights_proj.weight",
        {c_.index_n_heads, c_.hidden_size});
  }

  void Mlp(TensorKind kind, std::string_view name, int64_t size) {
    Matrix(kind, fmt::format("{}.gate_proj", name), size, c_.hidden_size);
    Matrix(kind, fmt::format("{}.up_proj", name), size, c_.hidden_size);
    Matrix(kind, fmt::format("{}.down_proj", name), c_.hidden_size, size);
  }

  void Experts() {
    Add(TensorKind::kRouter, Storage::kBF16, "mlp.gate.weight",
        {c_.n_routed_experts, c_.hidden_size});
    Add(TensorKind::kRouter, Storage::kF32, "mlp.gate.e_score_correction_bias",
        {c_.n_routed_experts});
    for (int64_t expert = 0; expert < c_.n_routed_experts; ++expert) {
      Mlp(TensorKind::kExpert, fmt::format("mlp.experts.{}", expert), c_.moe_intermediate_size);
    }
    Mlp(TensorKind::kSharedExpert, "mlp.shared_experts",
        c_.n_shared_experts * c_.moe_intermediate_size);
  }

  void DecoderLayer(int64_t layer) {
    Enter(layer);
    Norm("input_layernorm", c_.hidden_size);
    Attention();
    Indexer();
    Norm("post_attention_layernorm", c_.hidden_size);
    if (c_.IsMoeLayer(layer)) {
      Experts();
    } else {
      Mlp(TensorKind::kDenseMlp, "mlp", c_.intermediate_size);
    }
  }

  // Around the decoder layer of the same number (spec 2.5).
  void MtpJoint(int64_t layer) {
    constexpr TensorKind kKind = TensorKind::kMtp;
    constexpr bool kOptional = true;
    Enter(layer);
    Add(kKind, Storage::kBF16, "enorm.weight", {c_.hidden_size});
    Add(kKind, Storage::kBF16, "hnorm.weight", {c_.hidden_size});
    Add(kKind, Storage::kBF16, "eh_proj.weight", {c_.hidden_size, 2 * c_.hidden_size});
    Add(kKind, Storage::kBF16, "embed_tokens.weight", {c_.vocab_size, c_.hidden_size}, kOptional);
    Add(kKind, Storage::kBF16, "shared_head.norm.weight", {c_.hidden_size});
    Add(kKind, Storage::kBF16, "shared_head.head.weight", {c_.vocab_size, c_.hidden_size},
        kOptional);
  }

  std::vector<TensorSpec> Take() { return std::move(specs_); }

 private:
  const ModelConfig& c_;
  int64_t layer_ = -1;
  std::string prefix_;
  std::vector<TensorSpec> specs_;
};

// Path components that differ: published name, reference name.
using Renaming = std::pair<std::string_view, std::string_view>;
constexpr Renaming kComponents[] = {
    {"self_attn", "attn"},
    {"mlp", "ffn"},
    {"input_layernorm", "attn_norm"},
    {"post_attention_layernorm", "ffn_norm"},
    {"q_a_proj", "wq_a"},
    {"q_a_layernorm", "q_norm"},
    {"q_b_proj", "wq_b"},
    {"kv_a_proj_with_mqa", "wkv_a"},
    {"kv_a_layernorm", "kv_norm"},
    {"kv_b_proj", "wkv_b"},
    {"o_proj", "wo"},
    {"gate_proj", "w1"},
    {"down_proj", "w2"},
    {"up_proj", "w3"},
    {"embed_tokens", "embed"},
    {"lm_head", "head"},
    {"weight_scale_inv", "scale"},
    {"e_score_correction_bias", "bias"},
};

// Calls `visit(component, parent)` for each part between dots; joins what it returns.
template <typename Visit>
std::string MapComponents(std::string_view name, Visit visit) {
  std::string out;
  std::string_view parent;
  while (true) {
    const size_t dot = name.find('.');
    const std::string_view component = name.substr(0, dot);
    out += visit(component, parent);
    if (dot == std::string_view::npos) return out;
    out += '.';
    parent = component;
    name.remove_prefix(dot + 1);
  }
}

}  // namespace

std::string_view Name(TensorKind kind) { return kKindNames[static_cast<size_t>(kind)]; }

DType TensorSpec::PublishedType(const ModelConfig& config) const {
  if (storage == Storage::kF32) return DType::kF32;
  const bool fp8 = storage == Storage::kMatrix && config.quantization.has_value();
  return fp8 ? DType::kF8E4M3 : DType::kBF16;
}

std::vector<TensorSpec> ModelTensors(const ModelConfig& config, Mtp mtp) {
  SpecList list(config);
  const Shape vocabulary = {config.vocab_size, config.hidden_size};
  list.Enter(-1);
  list.Add(TensorKind::kEmbedding, Storage::kBF16, "model.embed_tokens.weight", vocabulary);
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) list.DecoderLayer(i);
  list.Enter(-1);
  list.Norm("model.norm", config.hidden_size);
  list.Add(TensorKind::kHead, Storage::kBF16, "lm_head.weight", vocabulary);
  if (mtp == Mtp::kPresent) {
    list.MtpJoint(config.num_hidden_layers);
    list.DecoderLayer(config.num_hidden_layers);
  }
  return list.Take();
}

std::string ScaleName(std::string_view weight_name) {
  return fmt::format("{}_scale_inv", weight_name);
}

Shape ScaleShape(const Shape& weight_shape) {
  const auto tiles = [](int64_t size) { return (size + kWeightBlock - 1) / kWeightBlock; };
  return {tiles(weight_shape[0]), tiles(weight_shape[1])};
}

std::string MtpPrefix(const ModelConfig& config) {
  return fmt::format("model.layers.{}.", config.num_hidden_layers);
}

std::string ReferenceName(std::string_view published) {
  if (published.starts_with("model.")) published.remove_prefix(6);
  return MapComponents(published, [](std::string_view component, std::string_view) {
    for (const auto& [theirs, reference] : kComponents) {
      if (component == theirs) return reference;
    }
    return component;
  });
}

std::string PublishedName(std::string_view reference) {
  // The indexer keeps its names, and a bias is the router's only below "gate".
  bool in_indexer = false;
  std::string name =
      MapComponents(reference, [&](std::string_view component, std::string_view parent) {
        if (component == "indexer") in_indexer = true;
        const bool keeps = (in_indexer && component != "scale") ||
                           (component == "bias" && parent != "gate") ||
                           (component == "head" && !parent.empty());
        for (const auto& [published, theirs] : kComponents) {
          if (component == theirs && !keeps) return published;
        }
        return component;
      });
  return name.starts_with("lm_head") ? name : "model." + name;
}

}  // namespace fathom
