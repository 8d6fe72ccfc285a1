// GET /v1/usage: what the key that asks has used today, and how its limits stand.
//
//   {"object": "usage", "key": "alice", "day": "2026-03-01", "requests", "prompt_tokens",
//    "cached_tokens", "completion_tokens", "counted_tokens", "cost", "currency", "running",
//    "limits": {"tokens_per_day": {"limit", "used", "held", "remaining", "reset_seconds"}, …}}
//
// Cost and currency are there with prices alone; money is in the currency, all else in tokens.
#pragma once

#include "api/keys.h"
#include "api/prices.h"
#include "api/quotas.h"
#include "json/value.h"

namespace fathom::api {

// `prices` may be null.
json::Value UsageBody(const KeyHolder& holder, Quotas& quotas, const KeyUse& use,
                      const Prices* prices, QuotaTime now);

}  // namespace fathom::api
