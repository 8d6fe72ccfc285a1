#include "api/keys.h"

#include <openssl/evp.h>
#include <sys/random.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "base/mapped_file.h"
#include "json/field_reader.h"
#include "json/parse.h"
#include "json/write.h"

namespace fathom::api {
namespace {

constexpr std::string_view kLetters =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr double kBitsPerLetter = 5.954;  // log2 of 62

// Far above any use, and far below where sums would overflow.
constexpr int64_t kMostLimit = int64_t{1} << 50;
constexpr double kMostMoney = 1e9;

uint64_t ScopeOf(const KeyHash& hash) {
  uint64_t scope = 0;
  std::memcpy(&scope, hash.data(), sizeof(scope));
  return std::max<uint64_t>(scope, 1);
}

std::string ToHex(const KeyHash& hash) {
  std::string hex;
  for (const uint8_t byte : hash) hex += fmt::format("{:02x}", byte);
  return hex;
}

Result<KeyHash> FromHex(std::string_view hex, const std::string& path) {
  KeyHash hash;
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  if (hex.size() != 2 * hash.size() ||
      !std::ranges::all_of(hex, [&](char c) { return digit(c) >= 0; })) {
    return InvalidArgument("{}: expected {} hexadecimal digits", path, 2 * hash.size());
  }
  for (size_t i = 0; i < hash.size(); ++i) {
    hash[i] = static_cast<uint8_t>(digit(hex[2 * i]) * 16 + digit(hex[2 * i + 1]));
  }
  return hash;
}

// A limit of the file, and what it is called there.
struct LimitField {
  std::string_view name;
  int64_t KeyHolder::*member;
  int64_t low, high;
};
constexpr std::array kLimits = {
    LimitField{"max_running", &KeyHolder::max_running, 0, kMostLimit},
    LimitField{"requests_per_minute", &KeyHolder::requests_per_minute, 0, kMostLimit},
    LimitField{"tokens_per_minute", &KeyHolder::tokens_per_minute, 0, kMostLimit},
    LimitField{"tokens_per_day", &KeyHolder::tokens_per_day, 0, kMostLimit},
    LimitField{"priority", &KeyHolder::priority, -10, 10}};

Status ReadLimits(const json::FieldReader& fields, KeyHolder* holder) {
  for (const LimitField& limit : kLimits) {
    FATHOM_ASSIGN_OR_RETURN(holder->*limit.member,
                            fields.IntOr(limit.name, 0, limit.low, limit.high));
  }
  FATHOM_ASSIGN_OR_RETURN(holder->money_per_day,
                          fields.NumberOr("money_per_day", 0, 0, kMostMoney));
  const json::Value* budget = fields.object().Find("thinking_budget");
  if (budget != nullptr && !budget->is_null()) {
    FATHOM_ASSIGN_OR_RETURN(holder->thinking_budget, fields.Int("thinking_budget", 0, kMostLimit));
  }
  return {};
}

}  // namespace

KeyHash HashKey(std::string_view key) {
  KeyHash hash;
  unsigned size = 0;
  const int done =
      EVP_Digest(key.data(), key.size(), hash.data(), &size, EVP_sha256(), /*impl=*/nullptr);
  FATHOM_CHECK(done == 1 && size == hash.size(), "SHA-256 of {} bytes", key.size());
  return hash;
}

KeyRing KeyRing::Open() {
  KeyRing ring;
  ring.open_ = true;
  ring.local_ = std::make_shared<const KeyHolder>(KeyHolder{.name = "local", .scope = 1});
  return ring;
}

KeyRing KeyRing::OfKey(std::string_view key) {
  KeyRing ring;
  const KeyHash hash = HashKey(key);
  ring.holders_[hash] =
      std::make_shared<const KeyHolder>(KeyHolder{.name = "key", .scope = ScopeOf(hash)});
  return ring;
}

Result<KeyRing> KeyRing::FromJson(std::string_view text) {
  FATHOM_ASSIGN_OR_RETURN(const json::Value value, json::Parse(text));
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(value, "keys file"));
  FATHOM_ASSIGN_OR_RETURN(const json::Array* keys, json::FieldReader(*object, "").Arr("keys"));
  KeyRing ring;
  for (size_t i = 0; i < keys->size(); ++i) {
    const std::string path = fmt::format("keys[{}]", i);
    FATHOM_ASSIGN_OR_RETURN(const json::Object* entry, json::AsObject((*keys)[i], path));
    const json::FieldReader fields(*entry, path);
    KeyHolder holder;
    FATHOM_ASSIGN_OR_RETURN(holder.name, fields.String("name"));
    if (holder.name.empty()) return InvalidArgument("{}.name: empty", path);
    FATHOM_ASSIGN_OR_RETURN(const std::string hex, fields.String("sha256"));
    FATHOM_ASSIGN_OR_RETURN(const KeyHash hash, FromHex(hex, fields.PathOf("sha256")));
    FATHOM_RETURN_IF_ERROR(ReadLimits(fields, &holder));
    FATHOM_ASSIGN_OR_RETURN(const bool revoked, fields.BoolOr("revoked", false));
    if (revoked) continue;
    holder.scope = ScopeOf(hash);
    if (!ring.holders_.emplace(hash, std::make_shared<const KeyHolder>(holder)).second) {
      return InvalidArgument("{}.sha256: the same key stands there twice", path);
    }
  }
  return ring;
}

Result<KeyRing> KeyRing::Load(const std::string& path) {
  FATHOM_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::Open(path));
  Result<KeyRing> ring = FromJson(file.text());
  if (!ring.ok()) return ring.status().At(path);
  return ring;
}

std::shared_ptr<const KeyHolder> KeyRing::Find(std::string_view key) const {
  const auto found = holders_.find(HashKey(key));
  return found == holders_.end() ? nullptr : found->second;
}

std::string RandomText(int bits) {
  const auto letters = static_cast<size_t>(std::ceil(bits / kBitsPerLetter));
  std::string text;
  while (text.size() < letters) {
    std::array<uint8_t, 64> bytes;
    FATHOM_CHECK(getrandom(bytes.data(), bytes.size(), 0) == ssize_t{bytes.size()},
                 "no random bytes from the operating system");
    for (const uint8_t byte : bytes) {
      // 248 = 4 · 62: the bytes above would make some letters likelier.
      if (byte < 248 && text.size() < letters) text.push_back(kLetters[byte % kLetters.size()]);
    }
  }
  return text;
}

NewKey MakeKey(const KeyHolder& holder) {
  NewKey made;
  made.key = "fathom-" + RandomText(256);
  json::Object entry{{"name", holder.name}, {"sha256", ToHex(HashKey(made.key))}};
  for (const LimitField& limit : kLimits) {
    if (holder.*limit.member != 0) entry.Set(std::string(limit.name), holder.*limit.member);
  }
  if (holder.money_per_day != 0) entry.Set("money_per_day", holder.money_per_day);
  if (holder.thinking_budget) entry.Set("thinking_budget", *holder.thinking_budget);
  made.entry = json::Dump(std::move(entry), json::Style::kPython);
  return made;
}

bool KeyRing::needs_prices() const {
  return std::ranges::any_of(holders_,
                             [](const auto& holder) { return holder.second->money_per_day > 0; });
}

Status KeyUse::Begin(const KeyHolder& holder, double now_seconds, double* retry_seconds) {
  const std::lock_guard lock(mutex_);
  Use& use = uses_[holder.scope];
  if (holder.max_running > 0 && use.running >= holder.max_running) {
    *retry_seconds = 1;
    return ResourceExhausted("this key has {} requests running, which is its limit", use.running);
  }
  if (holder.requests_per_minute > 0) {
    // A bucket that holds a minute's worth and fills evenly.
    const auto limit = static_cast<double>(holder.requests_per_minute);
    const double per_second = limit / 60;
    use.tokens = use.started
                     ? std::min(limit, use.tokens + (now_seconds - use.filled_at) * per_second)
                     : limit;
    use.started = true;
    use.filled_at = now_seconds;
    if (use.tokens < 1) {
      *retry_seconds = (1 - use.tokens) / per_second;
      return ResourceExhausted("this key may make {} requests a minute",
                               holder.requests_per_minute);
    }
    use.tokens -= 1;
  }
  ++use.running;
  return {};
}

void KeyUse::End(const KeyHolder& holder) {
  const std::lock_guard lock(mutex_);
  --uses_[holder.scope].running;
}

int64_t KeyUse::running() const {
  const std::lock_guard lock(mutex_);
  int64_t running = 0;
  for (const auto& [scope, use] : uses_) running += use.running;
  return running;
}

int64_t KeyUse::running(const KeyHolder& holder) const {
  const std::lock_guard lock(mutex_);
  const auto found = uses_.find(holder.scope);
  return found == uses_.end() ? 0 : found->second.running;
}

std::optional<KeyUse::RequestState> KeyUse::Requests(const KeyHolder& holder,
                                                     double now_seconds) const {
  if (holder.requests_per_minute == 0) return std::nullopt;
  const auto limit = static_cast<double>(holder.requests_per_minute);
  const std::lock_guard lock(mutex_);
  const auto found = uses_.find(holder.scope);
  double free = limit;
  if (found != uses_.end() && found->second.started) {
    const Use& use = found->second;
    free = std::min(limit, use.tokens + (now_seconds - use.filled_at) * limit / 60);
  }
  return RequestState{.limit = holder.requests_per_minute,
                      .remaining = static_cast<int64_t>(free),
                      .reset_seconds = (limit - free) * 60 / limit};
}

}  // namespace fathom::api
