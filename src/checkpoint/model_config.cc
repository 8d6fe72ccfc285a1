#include "checkpoint/model_config.h"

#include <array>
#include <bit>

#include "checkpoint/shown.h"
#include "json/field_reader.h"
#include "json/parse.h"

namespace fathom {
namespace {

// Bounds leave every product that sizes a tensor, a list of tensors or a cache far below 2^63.
struct IntField {
  std::string_view name;
  int64_t ModelConfig::*field;
  int64_t low, high;
  bool required = true;
};
constexpr IntField kIntFields[] = {
    {"vocab_size", &ModelConfig::vocab_size, 1, 1 << 24},
    {"hidden_size", &ModelConfig::hidden_size, 1, 1 << 17},
    {"num_hidden_layers", &ModelConfig::num_hidden_layers, 1, 256},
    {"num_nextn_predict_layers", &ModelConfig::num_nextn_predict_layers, 0, 1, false},
    {"first_k_dense_replace", &ModelConfig::first_k_dense_replace, 0, 256},
    {"max_position_embeddings", &ModelConfig::max_position_embeddings, 1, 1 << 30},
    {"num_attention_heads", &ModelConfig::num_attention_heads, 1, 4096},
    {"q_lora_rank", &ModelConfig::q_lora_rank, 1, 1 << 16},
    {"kv_lora_rank", &ModelConfig::kv_lora_rank, 1, 1 << 16},
    {"qk_nope_head_dim", &ModelConfig::qk_nope_head_dim, 1, 4096},
    {"qk_rope_head_dim", &ModelConfig::qk_rope_head_dim, 2, 4096},
    {"v_head_dim", &ModelConfig::v_head_dim, 1, 4096},
    {"index_n_heads", &ModelConfig::index_n_heads, 1, 4096},
    {"index_head_dim", &ModelConfig::index_head_dim, 2, 4096},
    {"index_topk", &ModelConfig::index_topk, 1, 1 << 20},
    {"intermediate_size", &ModelConfig::intermediate_size, 1, 1 << 20},
    {"moe_intermediate_size", &ModelConfig::moe_intermediate_size, 1, 1 << 17},
    {"n_routed_experts", &ModelConfig::n_routed_experts, 1, 1024},
    {"n_shared_experts", &ModelConfig::n_shared_experts, 1, 64},
    {"num_experts_per_tok", &ModelConfig::num_experts_per_tok, 1, 1024},
    {"n_group", &ModelConfig::n_group, 1, 1024},
    {"topk_group", &ModelConfig::topk_group, 1, 1024},
};

struct NumberField {
  std::string_view name;
  double ModelConfig::*field;
  double low, high;
};
constexpr NumberField kNumberFields[] = {
    {"rms_norm_eps", &ModelConfig::rms_norm_eps, 1e-12, 0.1},
    {"routed_scaling_factor", &ModelConfig::routed_scaling_factor, 1e-6, 1e6},
};

constexpr double kLowestTheta = 1.001, kHighestTheta = 1e12;

Status NotRunnable(std::string_view name, std::string_view found, std::string_view runnable) {
  return Unsupported("{}: found {}, only {} can be run", name, found, runnable);
}

// Fields with one runnable value; absent or null means that value.
Status CheckFixedFields(const json::Object& root) {
  const std::pair<std::string_view, json::Value> fixed[] = {
      {"hidden_act", "silu"},    {"scoring_func", "sigmoid"},    {"topk_method", "noaux_tc"},
      {"attention_bias", false}, {"tie_word_embeddings", false}, {"moe_layer_freq", 1},
  };
  for (const auto& [name, runnable] : fixed) {
    const json::Value* found = root.Find(name);
    if (found == nullptr || found->is_null() || *found == runnable) continue;
    return NotRunnable(name, Shown(*found), Shown(runnable));
  }
  return {};
}

Status CheckModelType(const json::Object& root) {
  const json::Value* type = root.Find("model_type");
  if (type == nullptr) return InvalidArgument("model_type: missing, expected \"{}\"", kModelType);
  if (type->is_string() && type->string() == kModelType) return {};
  return NotRunnable("model_type", Shown(*type), fmt::format("\"{}\"", kModelType));
}

// `rope` is rope_scaling, or the newer rope_parameters, which also holds rope_theta.
Status ReadYarn(const json::FieldReader& rope, RopeConfig* out) {
  const std::string_view type_name = rope.Has("rope_type") ? "rope_type" : "type";
  FATHOM_ASSIGN_OR_RETURN(const std::string type, rope.String(type_name));
  if (type == "default") return {};
  if (type != "yarn") {
    return NotRunnable(rope.PathOf(type_name), Shown(type), "\"yarn\" and \"default\"");
  }
  FATHOM_ASSIGN_OR_RETURN(out->factor, rope.Number("factor", 1, 1e6));
  FATHOM_ASSIGN_OR_RETURN(out->original_max_position_embeddings,
                          rope.Int("original_max_position_embeddings", 1, 1 << 30));
  FATHOM_ASSIGN_OR_RETURN(out->beta_slow, rope.NumberOr("beta_slow", out->beta_slow, 1e-6, 1e6));
  FATHOM_ASSIGN_OR_RETURN(out->beta_fast,
                          rope.NumberOr("beta_fast", out->beta_fast, out->beta_slow, 1e6));
  // Required: engines disagree on what their absence means, and it changes every attention score.
  FATHOM_ASSIGN_OR_RETURN(out->mscale, rope.Number("mscale", 0.01, 100));
  FATHOM_ASSIGN_OR_RETURN(out->mscale_all_dim, rope.Number("mscale_all_dim", 0, 100));
  return {};
}

Status ReadRope(const json::FieldReader& fields, ModelConfig* config) {
  RopeConfig& rope = config->rope;
  rope.original_max_position_embeddings = config->max_position_embeddings;
  const auto present = [&](std::string_view name) {
    const json::Value* value = fields.object().Find(name);
    return value != nullptr && !value->is_null();
  };
  const bool older = present("rope_scaling"), newer = present("rope_parameters");
  if (older && newer) {
    return InvalidArgument("rope_scaling, rope_parameters: found both, expected one of them");
  }
  const json::Object* object = nullptr;
  if (older || newer) {
    FATHOM_ASSIGN_OR_RETURN(object, fields.Obj(older ? "rope_scaling" : "rope_parameters"));
  }
  const std::string path = fields.PathOf(older ? "rope_scaling" : "rope_parameters");
  if (newer && object->Has("rope_theta")) {
    FATHOM_ASSIGN_OR_RETURN(
        rope.theta,
        json::FieldReader(*object, path).Number("rope_theta", kLowestTheta, kHighestTheta));
  } else {
    FATHOM_ASSIGN_OR_RETURN(rope.theta, fields.Number("rope_theta", kLowestTheta, kHighestTheta));
  }
  return object == nullptr ? Status() : ReadYarn(json::FieldReader(*object, path), &rope);
}

Status ReadQuantization(const json::FieldReader& fields, ModelConfig* config) {
  const json::Value* value = fields.object().Find("quantization_config");
  if (value == nullptr || value->is_null()) return {};
  const std::string path = fields.PathOf("quantization_config");
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(*value, path));
  const json::FieldReader quantization(*object, path);
  FATHOM_ASSIGN_OR_RETURN(const std::string method, quantization.String("quant_method"));
  if (method != "fp8") {
    return NotRunnable(quantization.PathOf("quant_method"), Shown(method), "\"fp8\"");
  }
  const std::pair<std::string_view, std::string_view> fixed[] = {{"fmt", "e4m3"},
                                                                 {"activation_scheme", "dynamic"}};
  for (const auto& [name, runnable] : fixed) {
    FATHOM_ASSIGN_OR_RETURN(const std::string found,
                            quantization.StringOr(name, std::string(runnable)));
    if (found == runnable) continue;
    return NotRunnable(quantization.PathOf(name), Shown(found), fmt::format("\"{}\"", runnable));
  }
  FATHOM_ASSIGN_OR_RETURN(const json::Array* block, quantization.Arr("weight_block_size"));
  if (*block != json::Array{128, 128}) {
    return NotRunnable(quantization.PathOf("weight_block_size"), Shown(*block), "[128, 128]");
  }
  FATHOM_ASSIGN_OR_RETURN(const std::string scale, quantization.StringOr("scale_fmt", ""));
  if (!scale.empty() && scale != "ue8m0") {
    return NotRunnable(quantization.PathOf("scale_fmt"), Shown(scale), "\"ue8m0\"");
  }
  config->quantization.emplace().scale_format =
      scale.empty() ? ScaleFormat::kPlain : ScaleFormat::kUE8M0;
  return {};
}

// As json::FieldReader says it, so that a config reads the same wherever it is refused.
template <typename T>
Status CheckRange(std::string_view name, T found, T low, T high) {
  if (found >= low && found <= high) return {};
  return InvalidArgument("{}: {} is outside [{}, {}]", name, found, low, high);
}

Status ValidateDims(const ModelConfig& config) {
  if (config.qk_rope_head_dim % 2 != 0) {
    return InvalidArgument("qk_rope_head_dim: found {}, expected an even number",
                           config.qk_rope_head_dim);
  }
  if (config.index_head_dim < config.qk_rope_head_dim) {
    return InvalidArgument("index_head_dim: found {}, expected at least qk_rope_head_dim ({})",
                           config.index_head_dim, config.qk_rope_head_dim);
  }
  if (!std::has_single_bit(static_cast<uint64_t>(config.index_head_dim))) {
    return InvalidArgument(
        "index_head_dim: found {}, expected a power of two (index vectors are Hadamard-rotated)",
        config.index_head_dim);
  }
  return {};
}

Status ValidateExperts(const ModelConfig& config) {
  if (config.first_k_dense_replace > config.num_hidden_layers) {
    return InvalidArgument(
        "first_k_dense_replace: found {}, expected at most num_hidden_layers ({})",
        config.first_k_dense_replace, config.num_hidden_layers);
  }
  if (config.n_routed_experts % config.n_group != 0) {
    return InvalidArgument("n_routed_experts: found {}, expected a multiple of n_group ({})",
                           config.n_routed_experts, config.n_group);
  }
  const int64_t group_size = config.n_routed_experts / config.n_group;
  if (group_size < 2) {
    return InvalidArgument(
        "n_group: found {} for {} experts, expected groups of 2 or more (a group is scored by its "
        "best two)",
        config.n_group, config.n_routed_experts);
  }
  if (config.topk_group > config.n_group) {
    return InvalidArgument("topk_group: found {}, expected at most n_group ({})", config.topk_group,
                           config.n_group);
  }
  if (config.num_experts_per_tok > config.topk_group * group_size) {
    return InvalidArgument(
        "num_experts_per_tok: found {}, expected at most {} (topk_group {} × {} experts a group)",
        config.num_experts_per_tok, config.topk_group * group_size, config.topk_group, group_size);
  }
  return {};
}

Status ValidateTokens(const ModelConfig& config) {
  for (const int64_t id : config.eos_token_ids) {
    if (id < 0 || id >= config.vocab_size) {
      return InvalidArgument("eos_token_id: found {}, expected 0 to {} (vocab_size {})", id,
                             config.vocab_size - 1, config.vocab_size);
    }
  }
  if (config.bos_token_id &&
      (*config.bos_token_id < 0 || *config.bos_token_id >= config.vocab_size)) {
    return InvalidArgument("bos_token_id: found {}, expected 0 to {} (vocab_size {})",
                           *config.bos_token_id, config.vocab_size - 1, config.vocab_size);
  }
  return {};
}

}  // namespace

Status ModelConfig::Validate() const {
  for (const IntField& f : kIntFields) {
    FATHOM_RETURN_IF_ERROR(CheckRange(f.name, this->*f.field, f.low, f.high));
  }
  for (const NumberField& f : kNumberFields) {
    FATHOM_RETURN_IF_ERROR(CheckRange(f.name, this->*f.field, f.low, f.high));
  }
  FATHOM_RETURN_IF_ERROR(ValidateDims(*this));
  FATHOM_RETURN_IF_ERROR(ValidateExperts(*this));
  return ValidateTokens(*this);
}

Result<std::vector<int64_t>> ReadTokenIds(const json::Object& object, std::string_view name,
                                          int64_t vocab_size) {
  std::vector<int64_t> ids;
  const json::Value* value = object.Find(name);
  if (value == nullptr || value->is_null()) return ids;
  const auto add = [&](const json::Value& element) -> Status {
    const auto id = element.AsInt64();
    if (id && *id >= 0 && *id < vocab_size) {
      ids.push_back(*id);
      return {};
    }
    return InvalidArgument("{}: found {}, expected a token id, 0 to {} (vocab_size {})", name,
                           Shown(element), vocab_size - 1, vocab_size);
  };
  if (!value->is_array()) {
    FATHOM_RETURN_IF_ERROR(add(*value));
    return ids;
  }
  for (const json::Value& element : value->array()) FATHOM_RETURN_IF_ERROR(add(element));
  return ids;
}

Result<ModelConfig> ReadModelConfig(const json::Value& value) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* root, json::AsObject(value, ""));
  FATHOM_RETURN_IF_ERROR(CheckModelType(*root));
  FATHOM_RETURN_IF_ERROR(CheckFixedFields(*root));
  const json::FieldReader fields(*root, "");
  ModelConfig config;
  for (const IntField& f : kIntFields) {
    FATHOM_ASSIGN_OR_RETURN(config.*f.field, f.required ? fields.Int(f.name, f.low, f.high)
                                                        : fields.IntOr(f.name, 0, f.low, f.high));
  }
  for (const NumberField& f : kNumberFields) {
    FATHOM_ASSIGN_OR_RETURN(config.*f.field, fields.Number(f.name, f.low, f.high));
  }
  // The latent is shared by all heads, so a count of its own has no meaning.
  FATHOM_ASSIGN_OR_RETURN(const int64_t kv_heads,
                          fields.IntOr("num_key_value_heads", config.num_attention_heads));
  if (kv_heads != config.num_attention_heads) {
    return NotRunnable("num_key_value_heads", fmt::format("{}", kv_heads),
                       fmt::format("num_attention_heads ({})", config.num_attention_heads));
  }
  FATHOM_ASSIGN_OR_RETURN(config.norm_topk_prob, fields.Bool("norm_topk_prob"));
  FATHOM_ASSIGN_OR_RETURN(config.indexer_rope_interleave,
                          fields.BoolOr("indexer_rope_interleave", false));
  FATHOM_RETURN_IF_ERROR(ReadRope(fields, &config));
  FATHOM_RETURN_IF_ERROR(ReadQuantization(fields, &config));
  FATHOM_ASSIGN_OR_RETURN(config.eos_token_ids,
                          ReadTokenIds(*root, "eos_token_id", config.vocab_size));
  FATHOM_ASSIGN_OR_RETURN(const std::vector<int64_t> bos,
                          ReadTokenIds(*root, "bos_token_id", config.vocab_size));
  if (!bos.empty()) config.bos_token_id = bos.front();
  FATHOM_RETURN_IF_ERROR(config.Validate());
  return config;
}

json::Object WriteModelConfig(const ModelConfig& config) {
  json::Object out = {{"model_type", kModelType}};
  for (const IntField& f : kIntFields) out.Set(std::string(f.name), config.*f.field);
  for (const NumberField& f : kNumberFields) out.Set(std::string(f.name), config.*f.field);
  out.Set("norm_topk_prob", config.norm_topk_prob);
  out.Set("indexer_rope_interleave", config.indexer_rope_interleave);
  const RopeConfig& rope = config.rope;
  out.Set("rope_theta", rope.theta);
  out.Set("rope_scaling",
          json::Object{{"type", "yarn"},
                       {"factor", rope.factor},
                       {"original_max_position_embeddings", rope.original_max_position_embeddings},
                       {"beta_fast", rope.beta_fast},
                       {"beta_slow", rope.beta_slow},
                       {"mscale", rope.mscale},
                       {"mscale_all_dim", rope.mscale_all_dim}});
  if (config.quantization) {
    json::Object quantization = {{"quant_method", "fp8"},
                                 {"fmt", "e4m3"},
                                 {"activation_scheme", "dynamic"},
                                 {"weight_block_size", json::Array{128, 128}}};
    if (config.quantization->scale_format == ScaleFormat::kUE8M0) {
      quantization.Set("scale_fmt", "ue8m0");
    }
    out.Set("quantization_config", std::move(quantization));
  }
  if (config.bos_token_id) out.Set("bos_token_id", *config.bos_token_id);
  json::Array eos;
  for (const int64_t id : config.eos_token_ids) eos.emplace_back(id);
  out.Set("eos_token_id", std::move(eos));
  return out;
}

Result<ModelConfig> ParseModelConfig(std::string_view text) {
  FATHOM_ASSIGN_OR_RETURN(const json::Value root, json::Parse(text));
  return ReadModelConfig(root);
}

Result<ModelConfig> LoadModelConfig(const std::string& path) {
  FATHOM_ASSIGN_OR_RETURN(const json::Value root, json::ParseFile(path));
  Result<ModelConfig> config = ReadModelConfig(root);
  if (!config.ok()) return config.status().At(path);
  return config;
}

}  // namespace fathom
