// An open model → tokens in, tokens out: its tokenizer, and an engine that draws nothing but
// tokens there are.
#pragma once

#include <cstdint>
#include <memory>

#include "base/status.h"
#include "checkpoint/generation_config.h"
#include "engine/engine.h"
#include "runtime/open_model.h"
#include "sampling/sampling_params.h"
#include "tokenizer/tokenizer.h"

namespace fathom {

// Reads tokenizer.json of the model's folder. Fails when it has tokens beyond the model's
// vocabulary.
Result<Tokenizer> OpenTokenizerOf(const LoadedModel& model);

// `max_running` requests share the steps. The model outlives the engine.
std::unique_ptr<Engine> MakeEngine(const LoadedModel& model, const Tokenizer& tokenizer,
                                   int64_t max_running);

// The parameters a model asks for when nobody says otherwise.
SamplingParams DefaultParams(const GenerationConfig& model);

}  // namespace fathom
