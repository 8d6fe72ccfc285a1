#include "sampling_flags.h"

#include "runtime/open_engine.h"

namespace fathom {

SamplingParams SamplingFlags::ToParams(const GenerationConfig& model) const {
  SamplingParams params = DefaultParams(model);
  const auto set = [](const auto& flag, auto* param) {
    if (flag) *param = *flag;
  };
  set(temperature, &params.temperature);
  set(top_p, &params.top_p);
  set(min_p, &params.min_p);
  set(top_k, &params.top_k);
  set(repetition_penalty, &params.repetition_penalty);
  set(presence_penalty, &params.presence_penalty);
  set(frequency_penalty, &params.frequency_penalty);
  if (seed) params.seed = static_cast<uint64_t>(*seed);
  if (greedy) params.temperature = 0;
  params.max_tokens = max_tokens;
  params.min_tokens = min_tokens;
  params.ignore_eos = ignore_eos;
  return params;
}

std::vector<Flag> SamplingFlagTable(SamplingFlags* flags) {
  const auto number = [](const char* name, const char* help, FlagTarget target) {
    return Flag{.name = name, .value = "X", .help = help, .target = target};
  };
  return {
      {.name = "--greedy",
       .value = "",
       .help = "always the likeliest token (temperature 0)",
       .target = &flags->greedy},
      number("--temperature", "0 to 2 [the model's]", &flags->temperature),
      number("--top-p", "keep the likeliest tokens up to this probability [the model's]",
             &flags->top_p),
      number("--top-k", "keep this many of the likeliest tokens [the model's]", &flags->top_k),
      number("--min-p", "drop tokens below this share of the likeliest one [0]", &flags->min_p),
      number("--repetition-penalty", "weakens every token seen before [1]",
             &flags->repetition_penalty),
      number("--presence-penalty", "subtracted once from tokens of the answer [0]",
             &flags->presence_penalty),
      number("--frequency-penalty", "subtracted for each time in the answer [0]",
             &flags->frequency_penalty),
      number("--seed", "the same seed gives the same answer [a new one each time]", &flags->seed),
      number("--max-tokens", "the answer ends after this many tokens [2048]", &flags->max_tokens),
      number("--min-tokens", "the answer does not end before [0]", &flags->min_tokens),
      {.name = "--ignore-eos",
       .value = "",
       .help = "go on after the end of the answer",
       .target = &flags->ignore_eos},
      {.name = "--stop",
       .value = "TEXT",
       .help = "end before this text; may be given several times",
       .target = &flags->stop},
  };
}

}  // namespace fathom
