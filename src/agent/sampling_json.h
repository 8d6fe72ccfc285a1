// The fields of a request that say how tokens are chosen and where the text ends, as JSON. Read in
// one place, so that `fathom run --jsonl`, the C API and the server's APIs agree on names, kinds
// and messages. Ranges are SamplingParams::Validate's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "json/field_reader.h"
#include "sampling/sampling_params.h"

namespace fathom {

// What the functions below read.
inline constexpr std::array kSamplingFields = {
    std::string_view("temperature"), std::string_view("top_p"),
    std::string_view("top_k"),       std::string_view("min_p"),
    std::string_view("seed"),        std::string_view("repetition_penalty"),
    std::string_view("stop"),        std::string_view("presence_penalty"),
    std::string_view("logit_bias"),  std::string_view("frequency_penalty"),
    std::string_view("ignore_eos"),  std::string_view("stop_token_ids"),
    std::string_view("min_tokens"),  std::string_view("max_tokens"),
    std::string_view("logprobs"),    std::string_view("max_completion_tokens"),
    std::string_view("top_logprobs")};

inline constexpr size_t kMaxStops = 16;
inline constexpr size_t kMaxStopBytes = 1024;  // of each
inline constexpr size_t kMaxStopTokens = 256;
inline constexpr size_t kMaxBiases = 4096;

// Everything but logprobs, top_logprobs and stop. Absent and null fields leave what `params` holds.
// max_completion_tokens is another name of max_tokens; two that differ are refused.
Status ReadSampling(const json::FieldReader& fields, SamplingParams* params);

// logprobs as a boolean, and top_logprobs. (In completions logprobs is a number: not this.)
Status ReadLogprobs(const json::FieldReader& fields, SamplingParams* params);

// "stop": a string or an array of strings, none of them empty.
Result<std::vector<std::string>> ReadStops(const json::FieldReader& fields);

// An array of token ids; whether the vocabulary has them is not looked at.
Result<std::vector<int32_t>> ReadTokenIds(const json::FieldReader& fields, std::string_view name);
Result<std::vector<int32_t>> TokenIdsOf(const json::Array& array, std::string_view path);

}  // namespace fathom
