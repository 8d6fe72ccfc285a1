// What the holders of keys have used, and what they may: tokens a minute and a day, money a day.
//
// What a request will cost is known only when it is over. So the most that it can cost is held when
// it begins and given back when it ends, and what it really cost is charged: many requests at once
// can't pass a limit together. The only one that may go over is a request that runs alone, or no
// key could ask for more than its limit; what it took too much is missing afterwards.
//
// Counted are the tokens that were computed: prompt tokens found in the cache cost next to nothing
// and are left out. A minute's tokens come back evenly; a day is a calendar day of UTC, and a
// request belongs to the day on which it ends. All sums are whole numbers, money in billionths.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/keys.h"
#include "api/prices.h"
#include "base/status.h"
#include "json/value.h"

namespace fathom::api {

// What requests cost. Sums stay at the largest number instead of growing beyond it.
struct Spending {
  int64_t requests = 0;
  int64_t prompt_tokens = 0;
  int64_t cached_tokens = 0;  // of the prompt, found in the cache
  int64_t completion_tokens = 0;
  int64_t nanos = 0;  // money, in billionths of the currency

  int64_t counted_tokens() const { return prompt_tokens - cached_tokens + completion_tokens; }
  void Add(const Spending& other);
  bool operator==(const Spending&) const = default;
};

// When something happens. Days go by one clock, minutes by the other, which never goes back.
struct QuotaTime {
  int64_t unix_seconds = 0;
  double steady_seconds = 0;
};

enum class Quota { kTokensPerMinute, kTokensPerDay, kMoneyPerDay, kCount };
// "tokens_per_minute", as in the file of keys.
std::string_view Name(Quota quota);

// What is held for a request while it runs.
struct QuotaHold {
  int64_t tokens = 0;
  int64_t nanos = 0;
};

// One limit of a holder at a moment. Tokens, or billionths of the currency.
struct QuotaState {
  Quota quota = Quota::kCount;
  int64_t limit = 0;
  int64_t used = 0;          // may be more than the limit
  int64_t held = 0;          // for requests that run
  double reset_seconds = 0;  // until nothing of it is used any more

  int64_t remaining() const;  // never below 0
};

// Any thread.
class Quotas {
 public:
  // `prices` outlive it; null where nothing has a price.
  explicit Quotas(const Prices* prices) : prices_(prices) {}

  // kResourceExhausted when a quota is used up already, so that nothing needs to be read of the
  // request. `retry_seconds` says when it is worth another try.
  Status Check(const KeyHolder& holder, QuotaTime now, double* retry_seconds);
  // Holds the most that a request can cost; kResourceExhausted when that no longer fits, and then
  // nothing is held. Every hold is given to Settle, once.
  Result<QuotaHold> Hold(const KeyHolder& holder, int64_t prompt_tokens, int64_t answer_tokens,
                         QuotaTime now, double* retry_seconds);
  // Gives the hold back and charges what the request cost, whose money is worked out here.
  void Settle(const KeyHolder& holder, const QuotaHold& hold, Spending spent, QuotaTime now);

  // The holder's limits, in the order of Quota; empty without any.
  std::vector<QuotaState> States(const KeyHolder& holder, QuotaTime now);
  // The holder's day so far, and which one it is, such as "2026-03-01".
  Spending Today(const KeyHolder& holder, QuotaTime now);
  std::string DayOf(const KeyHolder& holder, QuotaTime now);

  // Since the start, for counters that only grow. By name: keys that share one are one.
  struct Totals {
    Spending spent;
    std::array<int64_t, size_t(Quota::kCount)> refused = {};
  };
  // The first `most` names in their order; "other" stands for the rest.
  std::map<std::string, Totals> TotalsByName(size_t most) const;

  // The days so far, for a file: {"day": "2026-03-01", "keys": [{"scope": "00f3…", "name", …}]}.
  json::Value ToJson(QuotaTime now) const;
  // What ToJson said, put in place of what is known; of a day that is over nothing counts. Errors
  // name the entry and the field, and nothing changes.
  Status Load(std::string_view text, QuotaTime now);
  int64_t changes() const;  // grows with every charge

 private:
  struct Account {
    std::string name;
    int64_t day_number = 0;  // since 1970
    Spending day;
    Totals totals;
    double minute_used = 0;  // tokens
    double minute_counted_at = 0;
    QuotaHold held;
    int64_t holding = 0;  // requests
  };

  Account& AccountOf(const KeyHolder& holder, QuotaTime now);
  std::vector<QuotaState> StatesOf(const KeyHolder& holder, const Account& account,
                                   QuotaTime now) const;
  Status Fits(const KeyHolder& holder, Account* account, const QuotaHold& need, QuotaTime now,
              double* retry_seconds) const;
  std::string Amount(Quota quota, int64_t value) const;

  const Prices* const prices_;
  mutable std::mutex mutex_;
  std::map<uint64_t, Account> accounts_;  // by scope
  int64_t changes_ = 0;
};

// Money as the accounts count it; never below 0.
int64_t NanosOf(double money);

// "2026-03-01" of a number of days since 1970.
std::string DayName(int64_t day_number);

}  // namespace fathom::api
