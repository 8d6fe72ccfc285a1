// Who may use the server: API keys, of which only hashes are kept.
//
// The file is JSON, made by `fathom make-key`:
//   {"keys": [{"name": "alice", "sha256": "9f86d0…", "max_running": 4, "requests_per_minute": 60,
//              "tokens_per_minute": 100000, "tokens_per_day": 5000000, "money_per_day": 2.5,
//              "thinking_budget": 8192, "priority": 0, "revoked": false}]}
// Keys are 256 random bits, so one round of SHA-256 is as good as any slow hash.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace fathom::api {

using KeyHash = std::array<uint8_t, 32>;
KeyHash HashKey(std::string_view key);

// One holder of a key. Without keys everybody is the one called "local".
struct KeyHolder {
  std::string name;
  uint64_t scope = 0;               // tells holders apart: never 0, the same after a restart
  int64_t max_running = 0;          // requests at once; 0: no limit
  int64_t requests_per_minute = 0;  // 0: no limit
  int64_t tokens_per_minute = 0;    // these three: see quotas.h; 0: no limit
  int64_t tokens_per_day = 0;
  double money_per_day = 0;                     // in the currency of the price file
  std::optional<int64_t> thinking_budget = {};  // of requests that name none, in tokens
  int64_t priority = 0;                         // -10 to 10: requests of a higher one go first
  bool operator==(const KeyHolder&) const = default;
};

class KeyRing {
 public:
  // No keys: everyone is let in.
  static KeyRing Open();
  // One key, given on the command line.
  static KeyRing OfKey(std::string_view key);
  // Errors name the entry and the field. A file without keys lets nobody in.
  static Result<KeyRing> FromJson(std::string_view text);
  static Result<KeyRing> Load(const std::string& path);

  bool open() const { return open_; }
  size_t size() const { return holders_.size(); }
  // Some holder has a limit in money, which means nothing without prices.
  bool needs_prices() const;

  // The holder of `key`; null for a wrong or revoked one.
  std::shared_ptr<const KeyHolder> Find(std::string_view key) const;
  std::shared_ptr<const KeyHolder> local() const { return local_; }

 private:
  KeyRing() = default;

  bool open_ = false;
  std::shared_ptr<const KeyHolder> local_;
  std::map<KeyHash, std::shared_ptr<const KeyHolder>> holders_;
};

// The ring in use, which a reload replaces. Any thread.
class KeyStore {
 public:
  explicit KeyStore(KeyRing ring) : ring_(std::make_shared<const KeyRing>(std::move(ring))) {}

  std::shared_ptr<const KeyRing> Get() const {
    const std::lock_guard lock(mutex_);
    return ring_;
  }
  void Replace(KeyRing ring) {
    auto next = std::make_shared<const KeyRing>(std::move(ring));
    const std::lock_guard lock(mutex_);
    ring_.swap(next);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const KeyRing> ring_;
};

// A new key, "fathom-" and 43 letters and digits, and its line for the file.
struct NewKey {
  std::string key;
  std::string entry;
};
// `holder` says name and limits; what it leaves at its default is not written.
NewKey MakeKey(const KeyHolder& holder);

// Random letters and digits with at least `bits` bits of chance, from the operating system.
std::string RandomText(int bits);

// What holders use at the moment, against their limits. Any thread.
class KeyUse {
 public:
  // Counts a request that begins at `now_seconds` (any steady clock). kResourceExhausted when the
  // holder has reached a limit; then nothing is counted, and `retry_seconds` says when it is worth
  // another try.
  Status Begin(const KeyHolder& holder, double now_seconds, double* retry_seconds);
  void End(const KeyHolder& holder);
  int64_t running() const;  // of all holders
  int64_t running(const KeyHolder& holder) const;

  // How the limit of requests a minute stands; nothing where there is none.
  struct RequestState {
    int64_t limit = 0;
    int64_t remaining = 0;     // that may begin now
    double reset_seconds = 0;  // until a minute's worth may begin again
    bool operator==(const RequestState&) const = default;
  };
  std::optional<RequestState> Requests(const KeyHolder& holder, double now_seconds) const;

 private:
  struct Use {
    int64_t running = 0;
    double tokens = 0;  // of the bucket: requests that may begin now
    double filled_at = 0;
    bool started = false;
  };
  mutable std::mutex mutex_;
  std::map<uint64_t, Use> uses_;
};

}  // namespace fathom::api
