// What a request may ask of the sampler: one table of names, ranges and defaults.
//
// The defaults of temperature and top_p are the model's own (generation_config.json, spec 1);
// everything else is off unless asked for. Stop strings are text and stand above the engine, in
// agent/stop_scanner.h. docs/sampling.md says what each parameter does.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace fathom {

// "No limit" for max_tokens: as many as the context has room for.
inline constexpr int64_t kNoTokenLimit = (int64_t{1} << 31) - 1;

struct NumberParam {
  std::string_view name;
  double low, high;  // both allowed
  double otherwise;  // the default
  std::string_view meaning;
};

inline constexpr std::array<NumberParam, 10> kNumberParams = {{
    {"temperature", 0, 2, 1, "divides the logits; 0 takes the likeliest token"},
    {"top_p", 0, 1, 0.95, "keeps the likeliest tokens that together reach this probability"},
    {"top_k", -1, kNoTokenLimit, 0, "keeps this many of the likeliest tokens; 0 or -1 keeps all"},
    {"min_p", 0, 1, 0, "drops tokens less probable than this share of the likeliest one"},
    {"repetition_penalty", 0.01, 100, 1, "weakens tokens of the prompt and the answer; 1 is off"},
    {"presence_penalty", -2, 2, 0, "subtracted once from every token of the answer"},
    {"frequency_penalty", -2, 2, 0, "subtracted for every time a token stands in the answer"},
    {"top_logprobs", 0, 20, 0, "how many of the likeliest tokens are reported"},
    {"min_tokens", 0, kNoTokenLimit, 0, "the answer doesn't end before it has this many tokens"},
    {"max_tokens", 1, kNoTokenLimit, kNoTokenLimit, "the answer ends after this many tokens"},
}};
// The range of every value of logit_bias.
inline constexpr NumberParam kLogitBias = {"logit_bias", -100, 100, 0, "added to a token's logit"};

// The row called `name`, which is known at compile time to exist.
consteval const NumberParam& ParamRow(std::string_view name) {
  for (const NumberParam& row : kNumberParams) {
    if (row.name == name) return row;
  }
  throw "no such parameter";
}
consteval double ParamDefault(std::string_view name) { return ParamRow(name).otherwise; }

struct SamplingParams {
  double temperature = ParamDefault("temperature");
  double top_p = ParamDefault("top_p");
  int64_t top_k = ParamDefault("top_k");
  double min_p = ParamDefault("min_p");
  double repetition_penalty = ParamDefault("repetition_penalty");
  double presence_penalty = ParamDefault("presence_penalty");
  double frequency_penalty = ParamDefault("frequency_penalty");
  std::map<int32_t, double> logit_bias = {};
  std::optional<uint64_t> seed = {};  // without one, the request gets RandomSeed()

  bool logprobs = false;
  int64_t top_logprobs = ParamDefault("top_logprobs");

  std::vector<int32_t> stop_token_ids = {};  // besides the model's own end of sequence
  bool ignore_eos = false;
  int64_t min_tokens = ParamDefault("min_tokens");
  int64_t max_tokens = ParamDefault("max_tokens");

  // "temperature: 3 is outside [0, 2]": everything but whether the vocabulary has the ids.
  Status ValidateNumbers() const;
  // The same, and the ids against a vocabulary of `vocab_size`.
  Status Validate(int vocab_size) const;
};

// A seed from the operating system, below 2^53, so that it survives JSON readers that hold numbers
// as doubles.
uint64_t RandomSeed();

}  // namespace fathom
