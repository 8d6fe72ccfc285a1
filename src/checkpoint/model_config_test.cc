#include "checkpoint/model_config.h"

#include <gtest/gtest.h>

#include "base/mapped_file.h"
#include "json/parse.h"
#include "json/write.h"
#include "support/temp_dir.h"

namespace fathom {
namespace {

const std::string kGolden = FATHOM_SOURCE_DIR "/tests/golden/";

json::Value Official() { return json::ParseFile(kGolden + "deepseek-v3.2/config.json").value(); }

// The published config with members replaced: "a.b" is member b of member a; `text` is JSON, empty
// to remove the member.
struct Edit {
  std::string path, text;
};

json::Object Without(const json::Object& object, std::string_view key) {
  json::Object out;
  for (const json::Member& member : object) {
    if (member.key != key) out.Set(member.key, member.value);
  }
  return out;
}

json::Value Edited(const std::vector<Edit>& edits) {
  json::Value config = Official();
  for (const Edit& edit : edits) {
    json::Value* object = &config;
    std::string key = edit.path;
    if (const size_t dot = key.find('.'); dot != std::string::npos) {
      object = config.object().Find(key.substr(0, dot));
      key = key.substr(dot + 1);
    }
    if (edit.text.empty()) {
      *object = Without(object->object(), key);
    } else {
      object->object().Set(key, json::Parse(edit.text).value());
    }
  }
  return config;
}

std::string Failure(const std::vector<Edit>& edits) {
  const Result<ModelConfig> config = ReadModelConfig(Edited(edits));
  return config.ok() ? "read without complaint" : config.status().message();
}

TEST(ModelConfig, ReadsThePublishedFile) {
  const ModelConfig config = LoadModelConfig(kGolden + "deepseek-v3.2/config.json").value();
  ModelConfig expected;
  expected.vocab_size = 129280;
  expected.hidden_size = 7168;
  expected.num_hidden_layers = 61;
  expected.num_nextn_predict_layers = 1;
  expected.first_k_dense_replace = 3;
  expected.max_position_embeddings = 163840;
  expected.rms_norm_eps = 1e-6;
  expected.num_attention_heads = 128;
  expected.q_lora_rank = 1536;
  expected.kv_lora_rank = 512;
  expected.qk_nope_head_dim = 128;
  expected.qk_rope_head_dim = 64;
  expected.v_head_dim = 128;
  expected.index_n_heads = 64;
  expected.index_head_dim = 128;
  expected.index_topk = 2048;
  expected.intermediate_size = 18432;
  expected.moe_intermediate_size = 2048;
  expected.n_routed_experts = 256;
  expected.n_shared_experts = 1;
  expected.num_experts_per_tok = 8;
  expected.n_group = 8;
  expected.topk_group = 4;
  expected.norm_topk_prob = true;
  expected.routed_scaling_factor = 2.5;
  expected.rope = {.theta = 10000,
                   .factor = 40,
                   .original_max_position_embeddings = 4096,
                   .beta_fast = 32,
                   .beta_slow = 1,
                   .mscale = 1,
                   .mscale_all_dim = 1};
  expected.quantization = QuantizationConfig{ScaleFormat::kUE8M0};
  expected.bos_token_id = 0;
  expected.eos_token_ids = {1};
  EXPECT_EQ(config, expected);
  EXPECT_FALSE(config.IsMoeLayer(2));
  EXPECT_TRUE(config.IsMoeLayer(3));
}

TEST(ModelConfig, ReadsEveryModelOfTheRepository) {
  for (const std::string& path : {kGolden + "tiny-f32", kGolden + "tiny-fp8",
                                  std::string(FATHOM_SOURCE_DIR "/models/fathom-nano")}) {
    const Result<ModelConfig> config = LoadModelConfig(path + "/config.json");
    EXPECT_TRUE(config.ok()) << config.status().message();
  }
}

TEST(ModelConfig, TheNewerSpellingMeansTheSame) {
  const json::Value newer =
      Edited({{"rope_scaling", ""},
              {"rope_theta", ""},
              {"rope_parameters",
               R"({"rope_type": "yarn", "rope_theta": 10000.0, "factor": 40.0, "beta_fast": 32.0,
            "beta_slow": 1.0, "mscale": 1.0, "mscale_all_dim": 1.0,
            "original_max_position_embeddings": 4096})"}});
  EXPECT_EQ(ReadModelConfig(newer).value(), ReadModelConfig(Official()).value());
}

TEST(ModelConfig, WithoutScalingTheFactorIsOne) {
  for (const std::string scaling : {"", "null", R"({"type": "default"})"}) {
    const ModelConfig config = ReadModelConfig(Edited({{"rope_scaling", scaling}})).value();
    EXPECT_EQ(config.rope.factor, 1.0);
    EXPECT_EQ(config.rope.theta, 10000.0);
    EXPECT_EQ(config.rope.original_max_position_embeddings, 163840);
  }
}

TEST(ModelConfig, OptionalFields) {
  const ModelConfig config = ReadModelConfig(Edited({{"num_nextn_predict_layers", ""},
                                                     {"quantization_config", ""},
                                                     {"num_key_value_heads", ""},
                                                     {"hidden_act", ""},
                                                     {"scoring_func", ""},
                                                     {"topk_method", ""},
                                                     {"attention_bias", ""},
                                                     {"tie_word_embeddings", ""},
                                                     {"moe_layer_freq", ""},
                                                     {"bos_token_id", "null"},
                                                     {"eos_token_id", "[1, 5]"},
                                                     {"indexer_rope_interleave", "true"}}))
                                 .value();
  EXPECT_EQ(config.num_nextn_predict_layers, 0);
  EXPECT_FALSE(config.quantization.has_value());
  EXPECT_FALSE(config.bos_token_id.has_value());
  EXPECT_EQ(config.eos_token_ids, (std::vector<int64_t>{1, 5}));
  EXPECT_TRUE(config.indexer_rope_interleave);
  EXPECT_EQ(ReadModelConfig(Edited({{"quantization_config.scale_fmt", ""}}))
                .value()
                .quantization->scale_format,
            ScaleFormat::kPlain);
}

TEST(ModelConfig, WrittenConfigsReadBack) {
  for (const std::vector<Edit>& edits : {std::vector<Edit>{},
                                         {{"rope_scaling", ""}},
                                         {{"quantization_config", ""}},
                                         {{"quantization_config.scale_fmt", ""}},
                                         {{"bos_token_id", "null"}, {"eos_token_id", "[1, 2]"}},
                                         {{"eos_token_id", "null"}, {"norm_topk_prob", "false"}},
                                         {{"indexer_rope_interleave", "true"}}}) {
    const ModelConfig config = ReadModelConfig(Edited(edits)).value();
    const Result<ModelConfig> back = ReadModelConfig(WriteModelConfig(config));
    ASSERT_TRUE(back.ok()) << back.status().message();
    EXPECT_EQ(*back, config);
  }
}

TEST(ModelConfig, RefusesByName) {
  const struct {
    std::vector<Edit> edits;
    std::string message;
  } cases[] = {
      // Absent, of another kind, out of range.
      {{{"model_type", ""}}, R"(model_type: missing, expected "deepseek_v32")"},
      {{{"hidden_size", ""}}, "hidden_size: missing"},
      {{{"hidden_size", "\"7168\""}}, "hidden_size: expected integer, found string"},
      {{{"hidden_size", "7168.5"}}, "hidden_size: expected integer, found 7168.5"},
      {{{"hidden_size", "0"}}, "hidden_size: 0 is outside [1, 131072]"},
      {{{"hidden_size", "-7168"}}, "hidden_size: -7168 is outside [1, 131072]"},
      {{{"hidden_size", "1000000000000"}}, "hidden_size: 1000000000000 is outside [1, 131072]"},
      {{{"hidden_size", "99999999999999999999"}},
       "hidden_size: 99999999999999999999 is outside [1, 131072]"},
      {{{"index_topk", "0"}}, "index_topk: 0 is outside [1, 1048576]"},
      {{{"num_hidden_layers", "100000"}}, "num_hidden_layers: 100000 is outside [1, 256]"},
      {{{"n_routed_experts", "0"}}, "n_routed_experts: 0 is outside [1, 1024]"},
      {{{"num_nextn_predict_layers", "2"}}, "num_nextn_predict_layers: 2 is outside [0, 1]"},
      {{{"q_lora_rank", "null"}}, "q_lora_rank: expected integer, found null"},
      {{{"rms_norm_eps", "0"}}, "rms_norm_eps: 0 is outside [1e-12, 0.1]"},
      {{{"rms_norm_eps", "-1e-6"}}, "rms_norm_eps: -1e-6 is outside [1e-12, 0.1]"},
      {{{"routed_scaling_factor", "1e400"}},
       "routed_scaling_factor: expected a finite number, found 1e400"},
      {{{"norm_topk_prob", "1"}}, "norm_topk_prob: expected boolean, found number"},
      {{{"eos_token_id", "129280"}},
       "eos_token_id: found 129280, expected a token id, 0 to 129279 (vocab_size 129280)"},
      {{{"eos_token_id", "[1, \"x\"]"}},
       "eos_token_id: found \"x\", expected a token id, 0 to 129279 (vocab_size 129280)"},
      {{{"bos_token_id", "-1"}},
       "bos_token_id: found -1, expected a token id, 0 to 129279 (vocab_size 129280)"},
      // What cannot be run.
      {{{"model_type", "\"deepseek_v3\""}},
       R"(model_type: found "deepseek_v3", only "deepseek_v32" can be run)"},
      {{{"model_type", "3"}}, R"(model_type: found 3, only "deepseek_v32" can be run)"},
      {{{"attention_bias", "true"}}, "attention_bias: found true, only false can be run"},
      {{{"tie_word_embeddings", "true"}}, "tie_word_embeddings: found true, only false can be run"},
      {{{"hidden_act", "\"gelu\""}}, R"(hidden_act: found "gelu", only "silu" can be run)"},
      {{{"scoring_func", "\"softmax\""}},
       R"(scoring_func: found "softmax", only "sigmoid" can be run)"},
      {{{"topk_method", "\"greedy\""}},
       R"(topk_method: found "greedy", only "noaux_tc" can be run)"},
      {{{"moe_layer_freq", "2"}}, "moe_layer_freq: found 2, only 1 can be run"},
      {{{"num_key_value_heads", "8"}},
       "num_key_value_heads: found 8, only num_attention_heads (128) can be run"},
      // Relations.
      {{{"qk_rope_head_dim", "63"}}, "qk_rope_head_dim: found 63, expected an even number"},
      {{{"index_head_dim", "32"}},
       "index_head_dim: found 32, expected at least qk_rope_head_dim (64)"},
      {{{"index_head_dim", "96"}},
       "index_head_dim: found 96, expected a power of two (index vectors are Hadamard-rotated)"},
      {{{"first_k_dense_replace", "62"}},
       "first_k_dense_replace: found 62, expected at most num_hidden_layers (61)"},
      {{{"n_group", "7"}}, "n_routed_experts: found 256, expected a multiple of n_group (7)"},
      {{{"n_group", "256"}},
       "n_group: found 256 for 256 experts, expected groups of 2 or more (a group is scored by its "
       "best two)"},
      {{{"topk_group", "9"}}, "topk_group: found 9, expected at most n_group (8)"},
      {{{"num_experts_per_tok", "129"}},
       "num_experts_per_tok: found 129, expected at most 128 (topk_group 4 × 32 experts a group)"},
      // Rotary embeddings.
      {{{"rope_theta", ""}}, "rope_theta: missing"},
      {{{"rope_theta", "0"}}, "rope_theta: 0 is outside [1.001, 1000000000000]"},
      {{{"rope_scaling", "[]"}}, "rope_scaling: expected object, found array"},
      {{{"rope_scaling.type", ""}}, "rope_scaling.type: missing"},
      {{{"rope_scaling.type", "\"linear\""}},
       R"(rope_scaling.type: found "linear", only "yarn" and "default" can be run)"},
      {{{"rope_scaling.factor", "0.5"}}, "rope_scaling.factor: 0.5 is outside [1, 1000000]"},
      {{{"rope_scaling.original_max_position_embeddings", ""}},
       "rope_scaling.original_max_position_embeddings: missing"},
      {{{"rope_scaling.beta_fast", "0.5"}}, "rope_scaling.beta_fast: 0.5 is outside [1, 1000000]"},
      {{{"rope_scaling.mscale_all_dim", ""}}, "rope_scaling.mscale_all_dim: missing"},
      {{{"rope_parameters", R"({"rope_type": "yarn"})"}},
       "rope_scaling, rope_parameters: found both, expected one of them"},
      {{{"rope_scaling", ""}, {"rope_parameters", R"({"rope_type": "yarn", "factor": 0})"}},
       "rope_parameters.factor: 0 is outside [1, 1000000]"},
      // Quantisation.
      {{{"quantization_config", "7"}}, "quantization_config: expected object, found number"},
      {{{"quantization_config.quant_method", "\"awq\""}},
       R"(quantization_config.quant_method: found "awq", only "fp8" can be run)"},
      {{{"quantization_config.fmt", "\"e5m2\""}},
       R"(quantization_config.fmt: found "e5m2", only "e4m3" can be run)"},
      {{{"quantization_config.activation_scheme", "\"static\""}},
       R"(quantization_config.activation_scheme: found "static", only "dynamic" can be run)"},
      {{{"quantization_config.weight_block_size", "[64, 128]"}},
       "quantization_config.weight_block_size: found [64, 128], only [128, 128] can be run"},
      {{{"quantization_config.weight_block_size", ""}},
       "quantization_config.weight_block_size: missing"},
      {{{"quantization_config.scale_fmt", "\"e5\""}},
       R"(quantization_config.scale_fmt: found "e5", only "ue8m0" can be run)"},
  };
  for (const auto& c : cases) EXPECT_EQ(Failure(c.edits), c.message);
}

TEST(ModelConfig, LongValuesAreCutInMessages) {
  const std::string message = Failure({{"model_type", "\"" + std::string(500, 'x') + "\""}});
  EXPECT_EQ(message, "model_type: found \"" + std::string(56, 'x') +
                         "..., only \"deepseek_v32\" can be run");
}

TEST(ModelConfig, ErrorsNameTheFile) {
  const test::TempDir dir;
  const auto failure = [](const std::string& path) {
    return LoadModelConfig(path).status().message();
  };
  const std::string broken = dir.Write("config.json", R"({"model_type": "deepseek_v32",)");
  EXPECT_EQ(failure(broken),
            broken + ": byte 30: expecting property name enclosed in double quotes");
  const std::string array = dir.Write("array.json", "[]");
  EXPECT_EQ(failure(array), array + ": expected object, found array");
  const std::string other = dir.Write("other.json", R"({"model_type": "llama"})");
  EXPECT_EQ(failure(other),
            other + R"(: model_type: found "llama", only "deepseek_v32" can be run)");
  EXPECT_EQ(failure(dir.File("absent.json")),
            dir.File("absent.json") + ": No such file or directory");
}

// Validate stands on its own for a config that code has changed.
TEST(ModelConfig, ValidateChecksRangesAndRelations) {
  ModelConfig config = ReadModelConfig(Official()).value();
  EXPECT_TRUE(config.Validate().ok());
  config.index_topk = 0;
  EXPECT_EQ(config.Validate().message(), "index_topk: 0 is outside [1, 1048576]");
  config.index_topk = 2048;
  config.rms_norm_eps = 0;
  EXPECT_EQ(config.Validate().message(), "rms_norm_eps: 0 is outside [1e-12, 0.1]");
  config.rms_norm_eps = 1e-6;
  config.eos_token_ids = {1, 200000};
  EXPECT_EQ(config.Validate().message(),
            "eos_token_id: found 200000, expected 0 to 129279 (vocab_size 129280)");
}

}  // namespace
}  // namespace fathom
