#include "checkpoint/generation_config.h"

#include "json/field_reader.h"
#include "json/parse.h"

namespace fathom {
namespace {

Result<GenerationConfig> Read(const json::Value& value, const ModelConfig& model) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* root, json::AsObject(value, ""));
  const json::FieldReader fields(*root, "");
  GenerationConfig config;
  FATHOM_ASSIGN_OR_RETURN(config.do_sample, fields.BoolOr("do_sample", config.do_sample));
  FATHOM_ASSIGN_OR_RETURN(config.temperature,
                          fields.NumberOr("temperature", config.temperature, 0, 100));
  FATHOM_ASSIGN_OR_RETURN(config.top_p, fields.NumberOr("top_p", config.top_p, 0, 1));
  FATHOM_ASSIGN_OR_RETURN(config.top_k, fields.IntOr("top_k", config.top_k, 0, 1 << 24));
  FATHOM_ASSIGN_OR_RETURN(config.eos_token_ids,
                          ReadTokenIds(*root, "eos_token_id", model.vocab_size));
  if (config.eos_token_ids.empty()) config.eos_token_ids = model.eos_token_ids;
  return config;
}

}  // namespace

Result<GenerationConfig> ParseGenerationConfig(std::string_view text, const ModelConfig& model) {
  FATHOM_ASSIGN_OR_RETURN(const json::Value root, json::Parse(text));
  return Read(root, model);
}

Result<GenerationConfig> LoadGenerationConfig(const std::string& path, const ModelConfig& model) {
  const Result<json::Value> root = json::ParseFile(path);
  if (!root.ok() && root.status().code() == Code::kNotFound) {
    GenerationConfig config;
    config.eos_token_ids = model.eos_token_ids;
    return config;
  }
  if (!root.ok()) return root.status();
  Result<GenerationConfig> config = Read(*root, model);
  if (!config.ok()) return config.status().At(path);
  return config;
}

}  // namespace fathom
