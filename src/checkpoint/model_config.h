// config.json of a DeepSeek-V3.2 model, read and checked.
//
// The fields keep the names of the file. Everything that sizes memory is bounded, so that later
// products cannot overflow; everything that cannot be run here is refused by name, rather than
// ignored and computed wrongly.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "json/value.h"
#include "quant/act_quant.h"

namespace fathom {

// YaRN (spec 3.2). Without scaling ("default" or no rope_scaling) the factor is 1, which makes
// YaRN's frequencies and softmax factor those of plain rotary embeddings.
struct RopeConfig {
  double theta = 10000;
  double factor = 1;
  int64_t original_max_position_embeddings = 0;
  double beta_fast = 32, beta_slow = 1;
  double mscale = 1, mscale_all_dim = 1;

  bool operator==(const RopeConfig&) const = default;
};

// How F8_E4M3 weights and the activations that meet them are quantised (spec 2.1, 6.2). Weight
// tiles are 128×128.
struct QuantizationConfig {
  ScaleFormat scale_format = ScaleFormat::kUE8M0;

  bool operator==(const QuantizationConfig&) const = default;
};

struct ModelConfig {
  int64_t vocab_size = 0;
  int64_t hidden_size = 0;
  int64_t num_hidden_layers = 0;
  int64_t num_nextn_predict_layers = 0;  // 1: an MTP layer follows the main ones
  int64_t first_k_dense_replace = 0;     // layers with a dense MLP; the others hold experts
  int64_t max_position_embeddings = 0;
  double rms_norm_eps = 0;

  int64_t num_attention_heads = 0;
  int64_t q_lora_rank = 0;
  int64_t kv_lora_rank = 0;
  int64_t qk_nope_head_dim = 0;
  int64_t qk_rope_head_dim = 0;
  int64_t v_head_dim = 0;

  int64_t index_n_heads = 0;
  int64_t index_head_dim = 0;
  int64_t index_topk = 0;
  bool indexer_rope_interleave = false;  // true in relatives of the model (spec 1.1)

  int64_t intermediate_size = 0;
  int64_t moe_intermediate_size = 0;
  int64_t n_routed_experts = 0;
  int64_t n_shared_experts = 0;
  int64_t num_experts_per_tok = 0;
  int64_t n_group = 0;
  int64_t topk_group = 0;
  bool norm_topk_prob = true;
  double routed_scaling_factor = 1;

  RopeConfig rope;
  std::optional<QuantizationConfig> quantization;  // absent: no F8_E4M3 weights
  std::optional<int64_t> bos_token_id;
  std::vector<int64_t> eos_token_ids;

  int64_t qk_head_dim() const { return qk_nope_head_dim + qk_rope_head_dim; }
  bool IsMoeLayer(int64_t layer) const { return layer >= first_k_dense_replace; }

  // Ranges and relations between fields: "index_topk: 0 is outside [1, 1048576]".
  Status Validate() const;

  bool operator==(const ModelConfig&) const = default;
};

inline constexpr std::string_view kModelType = "deepseek_v32";

// From the parsed file; validated.
Result<ModelConfig> ReadModelConfig(const json::Value& root);

// From text: the same, plus errors of JSON.
Result<ModelConfig> ParseModelConfig(std::string_view text);

// From a file, which the errors name.
Result<ModelConfig> LoadModelConfig(const std::string& path);

// The config as config.json would say it: reads back equal.
json::Object WriteModelConfig(const ModelConfig& config);

// Token ids as these files write them: one integer, a list of them, or null for none; each in
// [0, vocab_size).
Result<std::vector<int64_t>> ReadTokenIds(const json::Object& object, std::string_view name,
                                          int64_t vocab_size);

}  // namespace fathom
