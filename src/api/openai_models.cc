#include "api/openai_models.h"

#include <fmt/ranges.h>

namespace fathom::api {
namespace {

json::Value Entry(const ServedModels& models, const ModelName& name) {
  json::Object entry{{"id", name.name},
                     {"object", "model"},
                     {"created", models.created},
                     {"owned_by", "fathom"},
                     {"max_model_len", models.context_tokens}};
  if (!models.profile.empty()) entry.Set("profile", models.profile);
  return entry;
}

}  // namespace

Result<const ModelName*> FindModel(const ServedModels& models, std::string_view name) {
  FATHOM_CHECK(!models.names.empty(), "a server of no model");
  if (name.empty()) return &models.names.front();
  std::vector<std::string_view> known;
  for (const ModelName& model : models.names) {
    if (model.name == name) return &model;
    known.push_back(model.name);
  }
  return NotFound("model: '{}' is not served here; the names are {}", name, fmt::join(known, ", "));
}

json::Value ModelsBody(const ServedModels& models) {
  json::Array data;
  for (const ModelName& name : models.names) data.push_back(Entry(models, name));
  return json::Object{{"object", "list"}, {"data", std::move(data)}};
}

Result<json::Value> ModelBody(const ServedModels& models, std::string_view name) {
  FATHOM_ASSIGN_OR_RETURN(const ModelName* model, FindModel(models, name));
  return Entry(models, *model);
}

Status NoEmbeddings() {
  return Unsupported(
      "this server makes no embeddings: its model writes text; ask a server with an embedding "
      "model");
}

}  // namespace fathom::api
