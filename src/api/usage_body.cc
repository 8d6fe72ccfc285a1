#include "api/usage_body.h"

#include <cmath>
#include <utility>

namespace fathom::api {
namespace {

// Billionths of a currency as a number of it, tokens as they are.
json::Value Amount(Quota quota, int64_t value) {
  if (quota == Quota::kMoneyPerDay) return static_cast<double>(value) / 1e9;
  return value;
}

json::Value QuotaToJson(const QuotaState& state) {
  return json::Object{{"limit", Amount(state.quota, state.limit)},
                      {"used", Amount(state.quota, state.used)},
                      {"held", Amount(state.quota, state.held)},
                      {"remaining", Amount(state.quota, state.remaining())},
                      {"reset_seconds", static_cast<int64_t>(std::ceil(state.reset_seconds))}};
}

}  // namespace

json::Value UsageBody(const KeyHolder& holder, Quotas& quotas, const KeyUse& use,
                      const Prices* prices, QuotaTime now) {
  const Spending today = quotas.Today(holder, now);
  json::Object body{{"object", "usage"},
                    {"key", holder.name},
                    {"day", quotas.DayOf(holder, now)},
                    {"requests", today.requests},
                    {"prompt_tokens", today.prompt_tokens},
                    {"cached_tokens", today.cached_tokens},
                    {"completion_tokens", today.completion_tokens},
                    {"counted_tokens", today.counted_tokens()}};
  if (prices != nullptr) {
    body.Set("cost", Amount(Quota::kMoneyPerDay, today.nanos));
    body.Set("currency", prices->currency);
  }
  body.Set("running", use.running(holder));
  json::Object limits;
  if (holder.max_running > 0) {
    limits.Set("max_running", json::Object{{"limit", holder.max_running}});
  }
  if (const auto requests = use.Requests(holder, now.steady_seconds)) {
    limits.Set(
        "requests_per_minute",
        json::Object{{"limit", requests->limit},
                     {"remaining", requests->remaining},
                     {"reset_seconds", static_cast<int64_t>(std::ceil(requests->reset_seconds))}});
  }
  for (const QuotaState& state : quotas.States(holder, now)) {
    limits.Set(std::string(Name(state.quota)), QuotaToJson(state));
  }
  body.Set("limits", std::move(limits));
  return body;
}

}  // namespace fathom::api
