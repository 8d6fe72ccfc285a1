#include "support/tiny_checkpoint.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include "base/check.h"
#include "checkpoint/random_weights.h"
#include "checkpoint/safetensors_writer.h"
#include "checkpoint/tensor_names.h"
#include "json/parse.h"
#include "json/write.h"

namespace fathom::test {
namespace {

constexpr uint64_t kSeed = 1;

constexpr const char* kConfig = R"({
  "architectures": ["DeepseekV32ForCausalLM"], "model_type": "deepseek_v32",
  "vocab_size": 96, "hidden_size": 160, "intermediate_size": 192, "moe_intermediate_size": 64,
  "num_hidden_layers": 3, "num_nextn_predict_layers": 1, "first_k_dense_replace": 1,
  "num_attention_heads": 2, "num_key_value_heads": 2, "q_lora_rank": 96, "kv_lora_rank": 128,
  "qk_nope_head_dim": 32, "qk_rope_head_dim": 16, "v_head_dim": 32,
  "n_routed_experts": 8, "n_shared_experts": 1, "num_experts_per_tok": 2, "n_group": 4,
  "topk_group": 2, "norm_topk_prob": true, "routed_scaling_factor": 2.5,
  "scoring_func": "sigmoid", "topk_method": "noaux_tc", "moe_layer_freq": 1,
  "index_n_heads": 2, "index_head_dim": 128, "index_topk": 16,
  "max_position_embeddings": 4096, "rms_norm_eps": 1e-06, "rope_theta": 10000,
  "rope_scaling": {"type": "yarn", "factor": 40, "original_max_position_embeddings": 128,
                   "beta_fast": 32, "beta_slow": 1, "mscale": 1.0, "mscale_all_dim": 1.0},
  "hidden_act": "silu", "attention_bias": false, "tie_word_embeddings": false,
  "bos_token_id": 0, "eos_token_id": 1, "torch_dtype": "bfloat16",
  "quantization_config": {"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic",
                          "weight_block_size": [128, 128], "scale_fmt": "ue8m0"}
})";

void WriteText(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  FATHOM_CHECK(file.good(), "{}", path);
}

void WriteShard(const std::string& path, const std::vector<const TinyTensor*>& tensors) {
  std::vector<PlannedTensor> planned;
  for (const TinyTensor* t : tensors) planned.push_back({t->name, t->dtype, t->shape});
  SafetensorsWriter writer = SafetensorsWriter::Create(path, planned).value();
  for (const TinyTensor* t : tensors) {
    // A test that changed the shape need not touch the bytes.
    std::vector<std::byte> bytes = t->bytes;
    bytes.resize(static_cast<size_t>(t->shape.elements() * Bytes(t->dtype)));
    const Status status = writer.Append(bytes);
    FATHOM_CHECK(status.ok(), "{}", status.message());
  }
  const Status status = writer.Finish();
  FATHOM_CHECK(status.ok(), "{}", status.message());
}

}  // namespace

TinyCheckpoint::TinyCheckpoint(DType matrices) : config(json::Parse(kConfig).value().object()) {
  if (matrices != DType::kF8E4M3) config.Set("quantization_config", nullptr);
  const ModelConfig model = ReadModelConfig(config).value();
  for (const TensorSpec& spec : ModelTensors(model, Mtp::kPresent)) {
    DType type = spec.PublishedType(model);
    if (spec.storage == Storage::kMatrix || matrices == DType::kF32) type = matrices;
    const std::string shard = spec.layer <= 0 ? kTinyShard1 : kTinyShard2;
    const RandomWeights weights(spec, type, kSeed);
    TinyTensor& tensor = tensors.emplace_back(TinyTensor{
        .name = spec.name, .dtype = type, .shape = spec.shape, .bytes = {}, .shard = shard});
    tensor.bytes.resize(static_cast<size_t>(spec.shape.elements() * Bytes(type)));
    weights.Fill(0, spec.shape.elements(), tensor.bytes.data());
    if (type != DType::kF8E4M3) continue;
    const Shape shape = ScaleShape(spec.shape);
    std::vector<std::byte> scales(static_cast<size_t>(shape.elements()) * sizeof(float));
    weights.FillScales(shape, reinterpret_cast<float*>(scales.data()));
    tensors.push_back({.name = ScaleName(spec.name),
                       .dtype = DType::kF32,
                       .shape = shape,
                       .bytes = std::move(scales),
                       .shard = shard});
  }
}

TinyTensor& TinyCheckpoint::Find(std::string_view name) {
  const auto found = std::find_if(tensors.begin(), tensors.end(),
                                  [&](const TinyTensor& tensor) { return tensor.name == name; });
  FATHOM_CHECK(found != tensors.end(), "{}", name);
  return *found;
}

void TinyCheckpoint::Remove(std::string_view name) {
  FATHOM_CHECK(std::erase_if(tensors, [&](const TinyTensor& t) { return t.name == name; }) == 1,
               "{}", name);
}

void TinyCheckpoint::RemovePrefix(std::string_view prefix) {
  FATHOM_CHECK(
      std::erase_if(tensors, [&](const TinyTensor& t) { return t.name.starts_with(prefix); }) > 0,
      "{}", prefix);
}

TinyTensor& TinyCheckpoint::AddCopy(std::string_view name, std::string new_name) {
  TinyTensor copy = Find(name);
  copy.name = std::move(new_name);
  return tensors.emplace_back(std::move(copy));
}

void TinyCheckpoint::UseE8M0Scales() {
  for (TinyTensor& tensor : tensors) {
    if (!tensor.name.ends_with("_scale_inv")) continue;
    std::vector<std::byte> exponents;
    for (size_t i = 0; i < static_cast<size_t>(tensor.shape.elements()); ++i) {
      exponents.push_back(
          static_cast<std::byte>(std::bit_cast<uint32_t>(tensor.At<float>(i)) >> 23));
    }
    tensor.dtype = DType::kF8E8M0;
    tensor.bytes = std::move(exponents);
  }
}

void TinyCheckpoint::Write(const std::string& folder,
                           const std::function<void(json::Object* weight_map)>& edit_index) const {
  std::map<std::string, std::vector<const TinyTensor*>> shards;
  json::Object weight_map;
  for (const TinyTensor& tensor : tensors) {
    shards[tensor.shard].push_back(&tensor);
    weight_map.Set(tensor.name, tensor.shard);
  }
  for (const auto& [shard, held] : shards) WriteShard(folder + "/" + shard, held);
  if (edit_index != nullptr) edit_index(&weight_map);
  const json::Object index = {{"metadata", json::Object()}, {"weight_map", weight_map}};
  WriteText(folder + "/model.safetensors.index.json", json::Dump(index, json::Style::kPython));
  WriteText(folder + "/config.json", json::Dump(config, json::Style::kPython));
}

void TinyCheckpoint::WriteSingle(const std::string& folder) const {
  std::vector<const TinyTensor*> all;
  for (const TinyTensor& tensor : tensors) all.push_back(&tensor);
  WriteShard(folder + "/model.safetensors", all);
  WriteText(folder + "/config.json", json::Dump(config, json::Style::kPython));
}

void ReplaceInFile(const std::string& path, std::string_view from, std::string to) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream content;
  content << in.rdbuf();
  std::string text = content.str();
  const size_t at = text.find(from);
  FATHOM_CHECK(at != std::string::npos && text.find(from, at + 1) == std::string::npos,
               "{} stands not once in {}", from, path);
  FATHOM_CHECK(to.size() <= from.size(), "{} is longer than {}", to, from);
  to.resize(from.size(), ' ');
  text.replace(at, from.size(), to);
  WriteText(path, text);
}

}  // namespace fathom::test
