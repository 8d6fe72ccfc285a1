// What a model was trained for, where its files don't say. DeepSeek-V3.2-Speciale has the config of
// V3.2 to the letter, but was trained on reasoning alone: it knows no tools, always thinks, and
// thinks long. So whoever serves it has to name it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "api/answer_request.h"
#include "base/status.h"
#include "json/value.h"
#include "sampling/sampling_params.h"

namespace fathom::api {

struct Profile {
  std::string_view name;
  std::string_view model;  // as messages call it
  bool tools = true;
  bool always_thinks = false;
  int64_t answer_tokens = kNoTokenLimit;  // of requests that name no max_tokens

  // Tokens of reasoning that requests, keys and the server's flags leave to the model; 0: no limit.
  // An eighth of the answer is kept for what comes after it. `context`: prompt and answer together.
  int64_t thinking_budget(int64_t context) const {
    if (!always_thinks) return 0;
    return std::min(answer_tokens, context) / 8 * 7;
  }
};

// Speciale was evaluated with answers of up to 128K tokens.
inline constexpr std::array<Profile, 2> kProfiles = {{{.name = "v3.2", .model = "DeepSeek-V3.2"},
                                                      {.name = "speciale",
                                                       .model = "DeepSeek-V3.2-Speciale",
                                                       .tools = false,
                                                       .always_thinks = true,
                                                       .answer_tokens = 128 * 1024}}};

// The row called `name`; null for none.
constexpr const Profile* FindProfile(std::string_view name) {
  const auto* row = std::ranges::find(kProfiles, name, &Profile::name);
  return row == kProfiles.end() ? nullptr : row;
}

// kUnsupported for a request that the model was not trained for: tools, calls or their results
// among the messages, or `thinking` off.
Status CheckProfile(const Profile& profile, const AnswerRequest& request, bool thinking);

// {"name", "model", "tools", "always_thinks", "max_tokens", "thinking_budget"}; the last two null
// where there is no limit.
json::Value ProfileToJson(const Profile& profile, int64_t context);

}  // namespace fathom::api
