// The fields that OpenAI's chat completions and completions have in common, beside sampling
// (agent/sampling_json.h): read, accepted without effect, or refused.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/field_policy.h"
#include "base/status.h"
#include "json/value.h"

namespace fathom::api {

inline constexpr int64_t kMaxChoices = 16;
inline constexpr size_t kMaxModelNameBytes = 256;
inline constexpr size_t kMaxUserBytes = 512;

// Read by ReadCommonFields, or accepted because they change no answer.
inline constexpr std::array kCommonFields = {
    std::string_view("model"),
    std::string_view("n"),
    std::string_view("stream"),
    std::string_view("stream_options"),
    std::string_view("user"),
    std::string_view("safety_identifier"),
    std::string_view("metadata"),
    std::string_view("prompt_cache_key"),
    std::string_view("prompt_cache_retention"),
    std::string_view("service_tier"),
    std::string_view("store"),
    std::string_view("verbosity"),
};

inline constexpr std::string_view kNoStructure =
    "send a chat's response_format with a json_schema and \"strict\": true, which is guaranteed; "
    "there is no other way to give a form";
inline constexpr std::array kCommonRefused = {
    RefusedField{"guided_json", kNoStructure},
    RefusedField{"guided_regex", kNoStructure},
    RefusedField{"guided_choice", kNoStructure},
    RefusedField{"guided_grammar", kNoStructure},
    RefusedField{"structured_outputs", kNoStructure},
    RefusedField{"grammar", kNoStructure},
    RefusedField{"json_schema", kNoStructure},
    RefusedField{"use_beam_search", "there is no beam search"},
    RefusedField{"bad_words", "words can't be forbidden; logit_bias can make tokens unlikely"},
    RefusedField{"allowed_token_ids",
                 "the vocabulary can't be restricted; logit_bias can favour tokens"},
    RefusedField{"include_stop_str_in_output", "an answer ends before its stop string"},
    RefusedField{"truncate_prompt_tokens", "prompts are never cut; send less"},
    RefusedField{"prompt_logprobs",
                 "the prompt's are reported by completions, with echo and logprobs"},
};

struct CommonFields {
  std::string model;
  int64_t choices = 1;
  bool stream = false;
  bool stream_usage = false;  // only ever with stream
  std::string user;           // safety_identifier, else user
};
Result<CommonFields> ReadCommonFields(const json::Object& request);

}  // namespace fathom::api
