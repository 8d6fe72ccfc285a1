// The flags of `fathom serve`, and what they amount to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/api_server.h"
#include "api/keys.h"
#include "base/status.h"
#include "command.h"
#include "model_flags.h"

namespace fathom {

struct ServeFlags {
  ModelFlags model;
  std::optional<std::string> config;
  std::string host = "127.0.0.1";
  int64_t port = 8080;
  std::optional<std::string> api_key, api_keys;
  std::vector<std::string> served_names, aliases;
  std::string thinking = "off", loop_guard = "on";
  std::optional<int64_t> thinking_budget;
  std::string profile = "v3.2";
  std::optional<std::string> cache_memory;
  int64_t max_running = 32, max_waiting = 1024;
  bool share_cache = false;
  std::string answer_memory = "256 MB";
  std::optional<std::string> tls_certificate, tls_key;
  std::vector<std::string> allowed_hosts, allowed_origins;
  std::string body_limit = "32 MB";
  int64_t connections = 4096;
  int64_t workers = 2;
  std::optional<std::string> mcp, prices, usage_file, access_log, record;
  bool record_words = false;
  std::string page = "on";
  int64_t answer_seconds = 0, drain_seconds = 30;

  // Errors name the flag.
  Result<ModelOptions> ToModelOptions() const;
  // `model_name`: what the model's folder is called.
  Result<api::ApiOptions> ToApiOptions(const std::string& model_name) const;
  // The keys of --api-key or --api-keys. An error where the server can be reached from outside and
  // would let everybody in, and where a key has a limit in money and nothing has a price.
  Result<api::KeyRing> ToKeys() const;
};

std::vector<Flag> ServeFlagTable(ServeFlags* flags);

}  // namespace fathom
