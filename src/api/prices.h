// What tokens cost, from a file of the server's owner:
//   {"currency": "USD", "per_million": {"cache_hit": 0.028, "cache_miss": 0.28, "output": 0.42}}
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "json/value.h"

namespace fathom::api {

struct Prices {
  std::string currency;
  double cache_hit = 0, cache_miss = 0, output = 0;  // of a million tokens

  static Result<Prices> FromJson(std::string_view text);
  static Result<Prices> Load(const std::string& path);

  double Cost(int64_t prompt_tokens, int64_t cached_tokens, int64_t completion_tokens) const {
    return (static_cast<double>(cached_tokens) * cache_hit +
            static_cast<double>(prompt_tokens - cached_tokens) * cache_miss +
            static_cast<double>(completion_tokens) * output) /
           1e6;
  }
};

// The file's own form.
json::Value PricesToJson(const Prices& prices);

}  // namespace fathom::api
