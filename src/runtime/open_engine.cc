#include "runtime/open_engine.h"

#include <utility>
#include <vector>

namespace fathom {
namespace {

// Which ids may be drawn: those with a token. The output matrix has more rows than that.
std::vector<bool> HasToken(const Tokenizer& tokenizer, int64_t vocab_size) {
  std::vector<bool> has(static_cast<size_t>(vocab_size));
  for (size_t id = 0; id < has.size(); ++id) {
    has[id] = tokenizer.vocabulary().Has(static_cast<int32_t>(id));
  }
  return has;
}

}  // namespace

Result<Tokenizer> OpenTokenizerOf(const LoadedModel& model) {
  const Checkpoint& checkpoint = model.checkpoint;
  FATHOM_ASSIGN_OR_RETURN(Tokenizer tokenizer,
                          Tokenizer::Load(checkpoint.folder + "/tokenizer.json"));
  const int32_t largest = tokenizer.vocabulary().id_limit() - 1;
  if (largest >= checkpoint.config.vocab_size) {
    return InvalidArgument("{}/tokenizer.json: has token {}, but vocab_size is {}",
                           checkpoint.folder, largest, checkpoint.config.vocab_size);
  }
  return tokenizer;
}

std::unique_ptr<Engine> MakeEngine(const LoadedModel& model, const Tokenizer& tokenizer,
                                   int64_t max_running) {
  EngineOptions options;
  options.max_running = max_running;
  for (const int64_t id : model.checkpoint.generation.eos_token_ids) {
    options.eos_ids.push_back(static_cast<int32_t>(id));
  }
  return std::make_unique<Engine>(*model.transformer, *model.cache,
                                  HasToken(tokenizer, model.checkpoint.config.vocab_size),
                                  std::move(options));
}

SamplingParams DefaultParams(const GenerationConfig& model) {
  SamplingParams params;
  params.temperature = model.do_sample ? model.temperature : 0;
  params.top_p = model.top_p;
  params.top_k = model.top_k;
  return params;
}

}  // namespace fathom
