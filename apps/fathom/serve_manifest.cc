#include "serve_manifest.h"

#include <string>

#include "checkpoint/tensor_names.h"
#include "tensor/dtype.h"

namespace fathom {
namespace {

json::Value LayerOf(const LoadedModel& model, int64_t layer) {
  const ModelConfig& config = model.checkpoint.config;
  const TransformerOptions& options = model.transformer->options();
  const bool dense = layer < config.first_k_dense_replace;
  json::Object object;
  object.Set("layer", layer);
  object.Set("attention", "sparse");
  object.Set("most_keys_read", config.index_topk);
  if (options.dense_below > 0) object.Set("multi_head_form_below", options.dense_below);
  if (options.dense_prompts) object.Set("multi_head_form_of_prompts", true);
  object.Set("feed_forward", dense ? "dense" : "experts");
  if (!dense) {
    object.Set("experts", config.n_routed_experts);
    object.Set("experts_per_token", config.num_experts_per_tok);
  }
  const std::string weight = fmt::format("model.layers.{}.self_attn.o_proj.weight", layer);
  object.Set("weights", Info(model.checkpoint.Matrix(weight).dtype).name);
  return object;
}

}  // namespace

json::Value ManifestOf(const LoadedModel& model) {
  const ModelConfig& config = model.checkpoint.config;
  json::Object manifest;
  manifest.Set("backend", model.backend->Name());
  manifest.Set("numerics", Name(model.backend->numerics()));
  manifest.Set("cache", json::Object{{"type", model.plan.cache_type},
                                     {"pages", int64_t{model.cache->pool().size()}},
                                     {"page_tokens", kPageTokens},
                                     {"bytes", model.plan.cache}});
  manifest.Set("context", model.transformer->options().context);
  manifest.Set("step_tokens", model.transformer->options().step_tokens);
  json::Array layers;
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) layers.push_back(LayerOf(model, i));
  manifest.Set("layers", std::move(layers));
  return manifest;
}

}  // namespace fathom
