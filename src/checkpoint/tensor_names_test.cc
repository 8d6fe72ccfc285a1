#include "checkpoint/tensor_names.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace fathom {
namespace {

ModelConfig Official() {
  return LoadModelConfig(FATHOM_SOURCE_DIR "/tests/golden/deepseek-v3.2/config.json").value();
}

int64_t ScaleCount(const TensorSpec& spec) {
  return spec.storage == Storage::kMatrix ? ScaleShape(spec.shape).elements() : 0;
}

// The count published with the model, and its parts (spec 1.2, 2.6).
TEST(ModelTensors, CountTheElementsOfThePublishedCheckpoint) {
  int64_t weights = 0, scales = 0, mtp = 0, fp8 = 0, one_expert = 0;
  std::map<TensorKind, int64_t> layer3;
  for (const TensorSpec& spec : ModelTensors(Official(), Mtp::kPresent)) {
    weights += spec.shape.elements();
    scales += ScaleCount(spec);
    if (spec.layer == 61) mtp += spec.shape.elements();
    if (spec.storage == Storage::kMatrix) fp8 += spec.shape.elements();
    if (spec.layer == 3) layer3[spec.kind] += spec.shape.elements();
    if (spec.name.starts_with("model.layers.3.mlp.experts.7.")) one_expert += spec.shape.elements();
  }
  EXPECT_EQ(weights + scales, 685'396'921'376);
  EXPECT_EQ(scales, 41'591'584);
  EXPECT_EQ(mtp, 13'477'385'728);
  EXPECT_EQ(fp8, 681'408'069'632);
  EXPECT_EQ(one_expert, 44'040'192);
  EXPECT_EQ(layer3[TensorKind::kIndexer], 13'959'424);
  EXPECT_EQ(layer3[TensorKind::kRouter], 1'835'264);
  EXPECT_EQ(layer3[TensorKind::kSharedExpert], one_expert);
  EXPECT_EQ(layer3[TensorKind::kExpert], 256 * one_expert);
}

TEST(ModelTensors, NamesAndShapesOfThePublishedCheckpoint) {
  const struct {
    std::string name;
    Shape shape;
    DType type;
    Shape scales = {};
  } expected[] = {
      {"model.embed_tokens.weight", {129280, 7168}, DType::kBF16},
      {"model.norm.weight", {7168}, DType::kBF16},
      {"lm_head.weight", {129280, 7168}, DType::kBF16},
      {"model.layers.0.input_layernorm.weight", {7168}, DType::kBF16},
      {"model.layers.0.self_attn.q_a_proj.weight", {1536, 7168}, DType::kF8E4M3, {12, 56}},
      {"model.layers.0.self_attn.q_b_proj.weight", {24576, 1536}, DType::kF8E4M3, {192, 12}},
      {"model.layers.0.self_attn.kv_a_proj_with_mqa.weight", {576, 7168}, DType::kF8E4M3, {5, 56}},
      {"model.layers.0.self_attn.kv_b_proj.weight", {32768, 512}, DType::kF8E4M3, {256, 4}},
      {"model.layers.0.self_attn.o_proj.weight", {7168, 16384}, DType::kF8E4M3, {56, 128}},
      {"model.layers.0.self_attn.indexer.wq_b.weight", {8192, 1536}, DType::kF8E4M3, {64, 12}},
      {"model.layers.0.self_attn.indexer.wk.weight", {128, 7168}, DType::kF8E4M3, {1, 56}},
      {"model.layers.0.self_attn.indexer.k_norm.bias", {128}, DType::kF32},
      {"model.layers.0.self_attn.indexer.weights_proj.weight", {64, 7168}, DType::kBF16},
      {"model.layers.2.mlp.down_proj.weight", {7168, 18432}, DType::kF8E4M3, {56, 144}},
      {"model.layers.3.mlp.gate.weight", {256, 7168}, DType::kBF16},
      {"model.layers.3.mlp.gate.e_score_correction_bias", {256}, DType::kF32},
      {"model.layers.60.mlp.experts.255.up_proj.weight", {2048, 7168}, DType::kF8E4M3, {16, 56}},
      {"model.layers.61.mlp.shared_experts.down_proj.weight",
       {7168, 2048},
       DType::kF8E4M3,
       {56, 16}},
      {"model.layers.61.eh_proj.weight", {7168, 14336}, DType::kBF16},
      {"model.layers.61.shared_head.head.weight", {129280, 7168}, DType::kBF16},
      {"model.layers.61.self_attn.indexer.wk.weight", {128, 7168}, DType::kF8E4M3, {1, 56}},
  };
  const ModelConfig config = Official();
  const std::vector<TensorSpec> specs = ModelTensors(config, Mtp::kPresent);
  for (const auto& e : expected) {
    const auto spec = std::find_if(specs.begin(), specs.end(),
                                   [&](const TensorSpec& s) { return s.name == e.name; });
    ASSERT_NE(spec, specs.end()) << e.name;
    EXPECT_EQ(spec->shape, e.shape) << e.name;
    EXPECT_EQ(spec->PublishedType(config), e.type) << e.name;
    if (e.type == DType::kF8E4M3) {
      EXPECT_EQ(ScaleShape(spec->shape), e.scales) << e.name;
    }
  }
  EXPECT_EQ(ScaleName("a.weight"), "a.weight_scale_inv");
}

TEST(ModelTensors, WithoutMtpTheLayersEndEarlier) {
  const ModelConfig config = Official();
  const auto all = ModelTensors(config, Mtp::kPresent),
             without = ModelTensors(config, Mtp::kAbsent);
  std::set<std::string> rest;
  for (const TensorSpec& spec : all) rest.insert(spec.name);
  EXPECT_EQ(rest.size(), all.size());  // no name twice
  for (const TensorSpec& spec : without) EXPECT_EQ(rest.erase(spec.name), 1U);
  for (const std::string& name : rest) EXPECT_TRUE(name.starts_with(MtpPrefix(config))) << name;
  const auto optional =
      std::count_if(all.begin(), all.end(), [](const TensorSpec& s) { return s.optional; });
  EXPECT_EQ(optional, 2);
}

TEST(ModelTensors, WithoutQuantisationMatricesAreBF16) {
  ModelConfig config = Official();
  config.quantization.reset();
  for (const TensorSpec& spec : ModelTensors(config, Mtp::kPresent)) {
    EXPECT_NE(spec.PublishedType(config), DType::kF8E4M3) << spec.name;
  }
}

TEST(ReferenceNames, OfTheOfficialConversion) {
  const std::pair<std::string, std::string> names[] = {
      {"model.embed_tokens.weight", "embed.weight"},
      {"model.norm.weight", "norm.weight"},
      {"lm_head.weight", "head.weight"},
      {"model.layers.3.input_layernorm.weight", "layers.3.attn_norm.weight"},
      {"model.layers.3.post_attention_layernorm.weight", "layers.3.ffn_norm.weight"},
      {"model.layers.3.self_attn.q_a_proj.weight_scale_inv", "layers.3.attn.wq_a.scale"},
      {"model.layers.3.self_attn.q_a_layernorm.weight", "layers.3.attn.q_norm.weight"},
      {"model.layers.3.self_attn.q_b_proj.weight", "layers.3.attn.wq_b.weight"},
      {"model.layers.3.self_attn.kv_a_proj_with_mqa.weight", "layers.3.attn.wkv_a.weight"},
      {"model.layers.3.self_attn.kv_a_layernorm.weight", "layers.3.attn.kv_norm.weight"},
      {"model.layers.3.self_attn.kv_b_proj.weight", "layers.3.attn.wkv_b.weight"},
      {"model.layers.3.self_attn.o_proj.weight", "layers.3.attn.wo.weight"},
      {"model.layers.3.self_attn.indexer.wq_b.weight", "layers.3.attn.indexer.wq_b.weight"},
      {"model.layers.3.self_attn.indexer.wq_b.weight_scale_inv",
       "layers.3.attn.indexer.wq_b.scale"},
      {"model.layers.3.self_attn.indexer.k_norm.bias", "layers.3.attn.indexer.k_norm.bias"},
      {"model.layers.3.mlp.gate.e_score_correction_bias", "layers.3.ffn.gate.bias"},
      {"model.layers.3.mlp.experts.7.gate_proj.weight", "layers.3.ffn.experts.7.w1.weight"},
      {"model.layers.3.mlp.experts.7.down_proj.weight", "layers.3.ffn.experts.7.w2.weight"},
      {"model.layers.3.mlp.shared_experts.up_proj.weight", "layers.3.ffn.shared_experts.w3.weight"},
  };
  for (const auto& [published, reference] : names) {
    EXPECT_EQ(ReferenceName(published), reference);
    EXPECT_EQ(PublishedName(reference), published);
  }
}

TEST(ReferenceNames, LeadBackForEveryTensor) {
  std::set<std::string> seen;
  for (const TensorSpec& spec : ModelTensors(Official(), Mtp::kPresent)) {
    EXPECT_EQ(PublishedName(ReferenceName(spec.name)), spec.name);
    EXPECT_TRUE(seen.insert(ReferenceName(spec.name)).second) << spec.name;
    if (spec.storage != Storage::kMatrix) continue;
    EXPECT_EQ(PublishedName(ReferenceName(ScaleName(spec.name))), ScaleName(spec.name));
  }
}

}  // namespace
}  // namespace fathom
