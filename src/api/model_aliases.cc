#include "api/model_aliases.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace fathom::api {
namespace {

Result<ModelName> ReadAlias(const std::string& text) {
  ModelName name{.name = text.substr(0, text.find('='))};
  if (name.name.size() == text.size()) return name;
  const std::string mode = text.substr(name.name.size() + 1);
  if (mode != "thinking" && mode != "chat") {
    return InvalidArgument("alias \"{}\": expected NAME, NAME=thinking or NAME=chat", text);
  }
  name.thinking = mode == "thinking";
  return name;
}

}  // namespace

Result<ServedModels> MakeServedModels(const std::vector<std::string>& served,
                                      const std::vector<std::string>& aliases) {
  FATHOM_CHECK(!served.empty(), "a model without a name");
  ServedModels models;
  const auto add = [&](ModelName name) -> Status {
    if (name.name.empty()) return InvalidArgument("a model's name is empty");
    if (std::ranges::find(models.names, name.name, &ModelName::name) != models.names.end()) {
      return InvalidArgument("the model's name \"{}\" is given twice", name.name);
    }
    models.names.push_back(std::move(name));
    return {};
  };
  for (const std::string& name : served) FATHOM_RETURN_IF_ERROR(add({.name = name}));
  for (const std::string& text : aliases) {
    FATHOM_ASSIGN_OR_RETURN(ModelName alias, ReadAlias(text));
    FATHOM_RETURN_IF_ERROR(add(std::move(alias)));
  }
  return models;
}

}  // namespace fathom::api
