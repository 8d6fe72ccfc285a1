#include "api/rate_headers.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace fathom::api {
namespace {

void Add(std::string_view what, int64_t limit, int64_t remaining, double reset_seconds,
         http::Headers* headers) {
  const auto name = [&](std::string_view part) {
    return fmt::format("x-ratelimit-{}-{}", part, what);
  };
  headers->Add(name("limit"), fmt::format("{}", limit));
  headers->Add(name("remaining"), fmt::format("{}", std::max<int64_t>(remaining, 0)));
  headers->Add(name("reset"), RateDuration(reset_seconds));
}

}  // namespace

std::string RateDuration(double seconds) {
  const auto milliseconds = static_cast<int64_t>(std::ceil(std::clamp(seconds, 0.0, 1e9) * 1e3));
  if (milliseconds < 1000) return fmt::format("{}ms", milliseconds);
  const int64_t whole = (milliseconds + 999) / 1000;
  std::string text;
  if (whole >= 3600) text += fmt::format("{}h", whole / 3600);
  if (whole >= 60) text += fmt::format("{}m", whole / 60 % 60);
  return text + fmt::format("{}s", whole % 60);
}

void AddRateHeaders(const std::optional<KeyUse::RequestState>& requests,
                    std::span<const QuotaState> quotas, http::Headers* headers) {
  if (requests) {
    Add("requests", requests->limit, requests->remaining, requests->reset_seconds, headers);
  }
  const QuotaState* tightest = nullptr;
  for (const QuotaState& state : quotas) {
    if (state.quota == Quota::kMoneyPerDay) continue;
    if (tightest == nullptr || state.remaining() < tightest->remaining()) tightest = &state;
  }
  if (tightest == nullptr) return;
  Add("tokens", tightest->limit, tightest->remaining(), tightest->reset_seconds, headers);
}

}  // namespace fathom::api
