// The whole server above the engine: sockets, gate, routes, answers, memory and counters.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/gate.h"
#include "api/keys.h"
#include "api/openai_models.h"
#include "api/prices.h"
#include "api/turn_memory.h"
#include "base/status.h"
#include "engine/engine_thread.h"
#include "http/server.h"
#include "json/value.h"
#include "sampling/sampling_params.h"
#include "tokenizer/tokenizer.h"

namespace fathom::api {

struct ApiOptions {
  http::ServerOptions http;  // address, TLS and limits; its callbacks are set here
  GateOptions gate;          // bound_host is the address's
  ServedModels models;       // context_tokens is the engine's
  bool thinking = false;     // the mode of names that stand for none
  std::optional<Prices> prices;
  MemoryOptions memory;
  bool share_cache = false;  // prefixes are found across key holders
  int workers = 2;
  SamplingParams defaults;  // where a request says nothing
  json::Value manifest;     // what /v1/engine says of the model and how it runs
  // One line of JSON a request and one an answer, without anybody's words; may be empty.
  std::function<void(const std::string& line)> access_log;
};

class ApiServer {
 public:
  // Listens from now on. Engine, tokenizer and keys outlive the server. Errors are those of
  // http::Server::Start, and kUnsupported for a tokenizer without the chat format's tokens.
  static Result<std::unique_ptr<ApiServer>> Start(ApiOptions options, EngineThread& engine,
                                                  const Tokenizer& tokenizer, const KeyStore& keys);
  virtual ~ApiServer() = default;

  virtual uint16_t port() const = 0;
  // As http::Server::Drain; /ready says no from here on.
  virtual bool Drain(std::chrono::milliseconds patience) = 0;
};

}  // namespace fathom::api
