// The models that the server answers for: their list, and which one a name means.
//
// One model runs; names and aliases are what clients may call it. An alias may stand for a mode:
// "deepseek-chat" answers at once, "deepseek-reasoner" thinks first.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "json/value.h"

namespace fathom::api {

struct ModelName {
  std::string name;
  std::optional<bool> thinking = {};  // the mode that it stands for, unless a request says another
};

struct ServedModels {
  std::vector<ModelName> names;  // at least one; the first is what no name means
  int64_t context_tokens = 0;    // prompt and answer together
  int64_t created = 0;           // Unix seconds
  std::string profile = {};      // told where it is not empty
};

// kNotFound for a name that is none of them; the message lists them.
Result<const ModelName*> FindModel(const ServedModels& models, std::string_view name);

// {"object": "list", "data": [{"id", "object": "model", "created", "owned_by", "max_model_len"}]}
json::Value ModelsBody(const ServedModels& models);
// One entry of the list.
Result<json::Value> ModelBody(const ServedModels& models, std::string_view name);

// What a request for embeddings is answered with.
Status NoEmbeddings();

}  // namespace fathom::api
