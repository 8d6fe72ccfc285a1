// An engine over a scripted model, and what its answers must be.
#pragma once

#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "engine/engine.h"
#include "support/scripted_model.h"

namespace fathom::test {

struct ScriptedEngineOptions {
  int64_t context = 256;
  int64_t step_tokens = 64;
  int64_t logit_rows = 64;
  int32_t pages = 64;
  int64_t vocab_size = 64;
  EngineOptions engine;
};

// The model outlives its engine.
inline std::unique_ptr<ScriptedModel> MakeScriptedModel(const ScriptedEngineOptions& options,
                                                        Script script) {
  TransformerOptions model;
  model.step_tokens = options.step_tokens;
  model.logit_rows = options.logit_rows;
  model.context = options.context;
  return std::make_unique<ScriptedModel>(model, options.vocab_size, options.pages,
                                         std::move(script));
}

inline std::unique_ptr<Engine> MakeScriptedEngine(ScriptedModel& model, EngineOptions options) {
  const std::vector<bool> has_token(static_cast<size_t>(model.vocab_size()), true);
  return std::make_unique<Engine>(model, model.cache(), has_token, std::move(options));
}

// What the script says to a prompt, token by token.
inline std::vector<int32_t> ScriptedAnswer(const Script& script, std::vector<int32_t> prompt,
                                           int64_t tokens) {
  std::vector<int32_t> answer;
  while (static_cast<int64_t>(answer.size()) < tokens) {
    answer.push_back(script(prompt));
    prompt.push_back(answer.back());
  }
  return answer;
}

inline GenerateRequest GreedyRequest(std::vector<int32_t> prompt, int64_t tokens) {
  GenerateRequest request;
  request.prompt = std::move(prompt);
  request.sampling.temperature = 0;
  request.sampling.max_tokens = tokens;
  request.sampling.ignore_eos = true;
  return request;
}

}  // namespace fathom::test
