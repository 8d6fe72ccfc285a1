#include "open_tokenizer.h"

#include "model_path.h"

namespace fathom {

std::vector<Flag> TokenizerFlags(TokenizerChoice* choice) {
  return {
      {"--model", "DIR", "folder of the model whose tokenizer.json is used (default: fathom-nano)",
       &choice->model},
      {"--tokenizer", "FILE", "a tokenizer.json, instead of --model", &choice->tokenizer},
  };
}

Result<Tokenizer> OpenTokenizer(const TokenizerChoice& choice) {
  if (!choice.tokenizer.empty()) {
    if (!choice.model.empty()) return InvalidArgument("--model and --tokenizer: choose one");
    return Tokenizer::Load(choice.tokenizer);
  }
  FATHOM_ASSIGN_OR_RETURN(const std::string model, ResolveModelPath(choice.model));
  return Tokenizer::Load(model + "/tokenizer.json");
}

}  // namespace fathom
