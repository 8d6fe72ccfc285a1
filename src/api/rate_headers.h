// A key's limits as response headers: x-ratelimit-limit-requests, -remaining-requests,
// -reset-requests, and the same for tokens, as OpenAI names them. A key without a limit gets none.
//
// Of several limits in tokens the one with the least left is told. Reset is the time until all of
// the limit is there again, such as "1h0m5s" or "250ms".
#pragma once

#include <optional>
#include <span>
#include <string>

#include "api/keys.h"
#include "api/quotas.h"
#include "http/message.h"

namespace fathom::api {

void AddRateHeaders(const std::optional<KeyUse::RequestState>& requests,
                    std::span<const QuotaState> quotas, http::Headers* headers);

// "6m0s", "1s", "120ms"; rounded up.
std::string RateDuration(double seconds);

}  // namespace fathom::api
