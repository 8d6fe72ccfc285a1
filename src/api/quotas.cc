#include "api/quotas.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/check.h"
#include "json/field_reader.h"
#include "json/parse.h"

namespace fathom::api {
namespace {

constexpr int64_t kMostSum = int64_t{1} << 60;
constexpr int64_t kMostHeldTokens = int64_t{1} << 40;
// 4,000 of a currency. What a million connections can hold together and any sum still fit 64 bits.
constexpr int64_t kMostHeldNanos = 4'000'000'000'000;
constexpr double kNanos = 1e9;
constexpr int64_t kDaySeconds = 86'400;
// What is held for others comes back when they end, which nobody knows.
constexpr double kHeldRetrySeconds = 5;
constexpr size_t kMostEntries = size_t{1} << 20;

constexpr std::array<std::string_view, size_t(Quota::kCount)> kNames = {
    "tokens_per_minute", "tokens_per_day", "money_per_day"};

int64_t Sum(int64_t a, int64_t b) { return std::min(a, kMostSum - std::min(b, kMostSum)) + b; }

int64_t DayNumber(int64_t unix_seconds) {
  return std::chrono::floor<std::chrono::days>(
             std::chrono::sys_seconds(std::chrono::seconds(unix_seconds)))
      .time_since_epoch()
      .count();
}

int64_t SecondsToMidnight(int64_t day_number, int64_t unix_seconds) {
  return (day_number + 1) * kDaySeconds - unix_seconds;
}

int64_t Decimal(std::string_view digits) {
  int64_t number = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return -1;
    number = number * 10 + (digit - '0');
  }
  return number;
}

// The inverse of DayName.
std::optional<int64_t> DayOfName(std::string_view name) {
  if (name.size() != 10) return std::nullopt;
  const int64_t year = Decimal(name.substr(0, 4)), month = Decimal(name.substr(5, 2));
  const int64_t day = Decimal(name.substr(8, 2));
  if (year < 0 || month < 0 || day < 0) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  const int64_t number = std::chrono::sys_days(date).time_since_epoch().count();
  return DayName(number) == name ? std::optional(number) : std::nullopt;
}

std::optional<uint64_t> ScopeOfHex(std::string_view hex) {
  if (hex.size() != 16) return std::nullopt;
  uint64_t scope = 0;
  for (const char c : hex) {
    const bool letter = c >= 'a' && c <= 'f';
    if (!letter && (c < '0' || c > '9')) return std::nullopt;
    scope = scope * 16 + static_cast<uint64_t>(letter ? c - 'a' + 10 : c - '0');
  }
  return scope;
}

// One field of Spending in the file.
struct SpendingField {
  std::string_view name;
  int64_t Spending::*member;
};
constexpr std::array kFields = {SpendingField{"requests", &Spending::requests},
                                SpendingField{"prompt_tokens", &Spending::prompt_tokens},
                                SpendingField{"cached_tokens", &Spending::cached_tokens},
                                SpendingField{"completion_tokens", &Spending::completion_tokens},
                                SpendingField{"nanos", &Spending::nanos}};

Result<Spending> ReadSpending(const json::FieldReader& fields) {
  Spending spent;
  for (const SpendingField& field : kFields) {
    FATHOM_ASSIGN_OR_RETURN(spent.*field.member, fields.Int(field.name, 0, kMostSum));
  }
  if (spent.cached_tokens > spent.prompt_tokens) {
    return InvalidArgument("{}: {} of a prompt of {}", fields.PathOf("cached_tokens"),
                           spent.cached_tokens, spent.prompt_tokens);
  }
  return spent;
}

void AddTotals(const Quotas::Totals& more, Quotas::Totals* sum) {
  sum->spent.Add(more.spent);
  for (size_t i = 0; i < sum->refused.size(); ++i) sum->refused[i] += more.refused[i];
}

}  // namespace

std::string_view Name(Quota quota) { return kNames[static_cast<size_t>(quota)]; }

int64_t NanosOf(double money) {
  return static_cast<int64_t>(std::clamp(std::round(money * kNanos), 0.0, double(kMostSum)));
}

std::string DayName(int64_t day_number) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day_number))};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

void Spending::Add(const Spending& other) {
  for (const SpendingField& field : kFields) {
    this->*field.member = Sum(this->*field.member, other.*field.member);
  }
}

int64_t QuotaState::remaining() const { return std::max<int64_t>(0, limit - used - held); }

// The holder's account as it is now: a new day begins here, and minutes pass.
Quotas::Account& Quotas::AccountOf(const KeyHolder& holder, QuotaTime now) {
  Account& account = accounts_[holder.scope];
  account.name = holder.name;
  const int64_t today = DayNumber(now.unix_seconds);
  // Not for a clock that was set back: the day that was counted goes on.
  if (today > account.day_number) {
    account.day_number = today;
    account.day = {};
  }
  const double passed = std::max(0.0, now.steady_seconds - account.minute_counted_at);
  const double back = passed * static_cast<double>(holder.tokens_per_minute) / 60;
  account.minute_used = std::max(0.0, account.minute_used - back);
  account.minute_counted_at = now.steady_seconds;
  return account;
}

std::vector<QuotaState> Quotas::StatesOf(const KeyHolder& holder, const Account& account,
                                         QuotaTime now) const {
  const auto midnight =
      static_cast<double>(SecondsToMidnight(account.day_number, now.unix_seconds));
  std::vector<QuotaState> states;
  if (holder.tokens_per_minute > 0) {
    states.push_back({.quota = Quota::kTokensPerMinute,
                      .limit = holder.tokens_per_minute,
                      .used = static_cast<int64_t>(std::ceil(account.minute_used)),
                      .held = account.held.tokens,
                      .reset_seconds = account.minute_used * 60 /
                                       static_cast<double>(holder.tokens_per_minute)});
  }
  if (holder.tokens_per_day > 0) {
    states.push_back({.quota = Quota::kTokensPerDay,
                      .limit = holder.tokens_per_day,
                      .used = account.day.counted_tokens(),
                      .held = account.held.tokens,
                      .reset_seconds = midnight});
  }
  if (holder.money_per_day > 0) {
    states.push_back({.quota = Quota::kMoneyPerDay,
                      .limit = NanosOf(holder.money_per_day),
                      .used = account.day.nanos,
                      .held = account.held.nanos,
                      .reset_seconds = midnight});
  }
  return states;
}

std::string Quotas::Amount(Quota quota, int64_t value) const {
  if (quota != Quota::kMoneyPerDay) return fmt::format("{}", value);
  return fmt::format("{:.6g} {}", static_cast<double>(value) / kNanos,
                     prices_ == nullptr ? "" : prices_->currency);
}

Status Quotas::Fits(const KeyHolder& holder, Account* account, const QuotaHold& need, QuotaTime now,
                    double* retry_seconds) const {
  for (const QuotaState& state : StatesOf(holder, *account, now)) {
    const int64_t asked = state.quota == Quota::kMoneyPerDay ? need.nanos : need.tokens;
    const bool used_up = state.used >= state.limit;
    const bool fits = asked <= state.limit - state.used - state.held || account->holding == 0;
    if (!used_up && fits) continue;
    ++account->totals.refused[static_cast<size_t>(state.quota)];
    *retry_seconds = used_up ? state.reset_seconds : kHeldRetrySeconds;
    const std::string limit = Amount(state.quota, state.limit);
    const std::string_view unit = state.quota == Quota::kMoneyPerDay ? "" : " tokens";
    const std::string_view time = state.quota == Quota::kTokensPerMinute ? "minute" : "day";
    if (state.quota == Quota::kTokensPerMinute) {
      const double per_second = static_cast<double>(state.limit) / 60;
      const double too_many = static_cast<double>(state.used - state.limit) + 1;
      if (used_up) *retry_seconds = too_many / per_second;
    }
    if (used_up) {
      return ResourceExhausted("this key may use {}{} a {} ({}), and has used {}", limit, unit,
                               time, Name(state.quota), Amount(state.quota, state.used));
    }
    return ResourceExhausted(
        "this key may use {}{} a {} ({}): it has used {}, {} more are held for its running "
        "requests, and this one may need {}",
        limit, unit, time, Name(state.quota), Amount(state.quota, state.used),
        Amount(state.quota, state.held), Amount(state.quota, asked));
  }
  return {};
}

Status Quotas::Check(const KeyHolder& holder, QuotaTime now, double* retry_seconds) {
  const std::lock_guard lock(mutex_);
  return Fits(holder, &AccountOf(holder, now), {}, now, retry_seconds);
}

Result<QuotaHold> Quotas::Hold(const KeyHolder& holder, int64_t prompt_tokens,
                               int64_t answer_tokens, QuotaTime now, double* retry_seconds) {
  QuotaHold hold = {.tokens = std::min(Sum(prompt_tokens, answer_tokens), kMostHeldTokens)};
  if (prices_ != nullptr) {
    // Nothing of the prompt may be found in the cache, or all of it where that costs more.
    const double cost = std::max(prices_->Cost(prompt_tokens, 0, answer_tokens),
                                 prices_->Cost(prompt_tokens, prompt_tokens, answer_tokens));
    hold.nanos = std::min(NanosOf(cost), kMostHeldNanos);
  }
  const std::lock_guard lock(mutex_);
  Account& account = AccountOf(holder, now);
  FATHOM_RETURN_IF_ERROR(Fits(holder, &account, hold, now, retry_seconds));
  account.held.tokens += hold.tokens;
  account.held.nanos += hold.nanos;
  ++account.holding;
  return hold;
}

void Quotas::Settle(const KeyHolder& holder, const QuotaHold& hold, Spending spent, QuotaTime now) {
  if (prices_ != nullptr) {
    spent.nanos =
        NanosOf(prices_->Cost(spent.prompt_tokens, spent.cached_tokens, spent.completion_tokens));
  }
  const std::lock_guard lock(mutex_);
  Account& account = AccountOf(holder, now);
  account.held.tokens -= hold.tokens;
  account.held.nanos -= hold.nanos;
  --account.holding;
  FATHOM_CHECK(account.holding >= 0, "holder {} settled what it did not hold", holder.name);
  if (spent == Spending()) return;
  account.day.Add(spent);
  account.totals.spent.Add(spent);
  if (holder.tokens_per_minute > 0) {
    account.minute_used += static_cast<double>(spent.counted_tokens());
  }
  ++changes_;
}

std::vector<QuotaState> Quotas::States(const KeyHolder& holder, QuotaTime now) {
  const std::lock_guard lock(mutex_);
  return StatesOf(holder, AccountOf(holder, now), now);
}

Spending Quotas::Today(const KeyHolder& holder, QuotaTime now) {
  const std::lock_guard lock(mutex_);
  return AccountOf(holder, now).day;
}

std::string Quotas::DayOf(const KeyHolder& holder, QuotaTime now) {
  const std::lock_guard lock(mutex_);
  return DayName(AccountOf(holder, now).day_number);
}

std::map<std::string, Quotas::Totals> Quotas::TotalsByName(size_t most) const {
  std::map<std::string, Totals> by_name;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [scope, account] : accounts_) {
      AddTotals(account.totals, &by_name[account.name]);
    }
  }
  if (by_name.size() <= most) return by_name;
  Totals others;
  while (by_name.size() > most) {
    const auto last = std::prev(by_name.end());
    AddTotals(last->second, &others);
    by_name.erase(last);
  }
  AddTotals(others, &by_name["other"]);
  return by_name;
}

int64_t Quotas::changes() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

json::Value Quotas::ToJson(QuotaTime now) const {
  const std::lock_guard lock(mutex_);
  int64_t today = DayNumber(now.unix_seconds);
  for (const auto& [scope, account] : accounts_) today = std::max(today, account.day_number);
  json::Array keys;
  for (const auto& [scope, account] : accounts_) {
    if (account.day_number < today || account.day == Spending()) continue;
    json::Object entry{{"scope", fmt::format("{:016x}", scope)}, {"name", account.name}};
    for (const SpendingField& field : kFields) {
      entry.Set(std::string(field.name), account.day.*field.member);
    }
    keys.emplace_back(std::move(entry));
  }
  return json::Object{{"day", DayName(today)}, {"keys", std::move(keys)}};
}

Status Quotas::Load(std::string_view text, QuotaTime now) {
  FATHOM_ASSIGN_OR_RETURN(const json::Value value, json::Parse(text));
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(value, "usage file"));
  const json::FieldReader top(*object, "");
  FATHOM_ASSIGN_OR_RETURN(const std::string day_name, top.String("day"));
  const std::optional<int64_t> day = DayOfName(day_name);
  if (!day) return InvalidArgument("day: expected one such as 2026-03-01, found \"{}\"", day_name);
  FATHOM_ASSIGN_OR_RETURN(const json::Array* keys, top.Arr("keys"));
  if (keys->size() > kMostEntries) {
    return InvalidArgument("keys: {} of them, at most {} are read", keys->size(), kMostEntries);
  }
  std::map<uint64_t, Account> accounts;
  for (size_t i = 0; i < keys->size(); ++i) {
    const std::string path = fmt::format("keys[{}]", i);
    FATHOM_ASSIGN_OR_RETURN(const json::Object* entry, json::AsObject((*keys)[i], path));
    const json::FieldReader fields(*entry, path);
    FATHOM_ASSIGN_OR_RETURN(const std::string hex, fields.String("scope"));
    const std::optional<uint64_t> scope = ScopeOfHex(hex);
    if (!scope) return InvalidArgument("{}: expected 16 of 0-9 and a-f", fields.PathOf("scope"));
    Account account;
    FATHOM_ASSIGN_OR_RETURN(account.name, fields.String("name"));
    account.day_number = *day;
    FATHOM_ASSIGN_OR_RETURN(account.day, ReadSpending(fields));
    if (!accounts.emplace(*scope, std::move(account)).second) {
      return InvalidArgument("{}: stands there twice", fields.PathOf("scope"));
    }
  }
  if (*day < DayNumber(now.unix_seconds)) return {};
  const std::lock_guard lock(mutex_);
  accounts_ = std::move(accounts);
  return {};
}

}  // namespace fathom::api
