// The whole server above the engine: sockets, gate, routes, answers, memory and counters.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/answer_guide.h"
#include "agent/tool_groups.h"
#include "api/gate.h"
#include "api/keys.h"
#include "api/openai_models.h"
#include "api/prices.h"
#include "api/profile.h"
#include "api/turn_memory.h"
#include "base/status.h"
#include "engine/engine_thread.h"
#include "grammar/limits.h"
#include "http/server.h"
#include "json/value.h"
#include "sampling/sampling_params.h"
#include "tokenizer/tokenizer.h"

namespace fathom::api {

struct ApiOptions {
  http::ServerOptions http;                // address, TLS and limits; its callbacks are set here
  GateOptions gate;                        // bound_host is the address's
  ServedModels models;                     // context_tokens is the engine's
  bool thinking = false;                   // the mode of names that stand for none
  ThinkingLimits limits;                   // of requests and keys that name none
  const Profile* profile = &kProfiles[0];  // says what limits, thinking and defaults leave open
  std::optional<Prices> prices;
  std::string usage_file;  // keeps what keys have used today (usage_file.h); empty: none does
  MemoryOptions memory;
  bool share_cache = false;  // prefixes are found across key holders
  // A stream that has said nothing for so long, while its request waits or its prompt is read, gets
  // a comment. 0: never.
  double keep_alive_seconds = 10;
  // An answer that takes longer, waiting included, is cut off there. 0: none is.
  double answer_seconds = 0;
  int workers = 2;
  grammar::GrammarLimits grammars;  // of the forms that one request asks for
  SamplingParams defaults;          // where a request says nothing
  bool page = true;                 // GET / is the chat page, for browsers
  json::Value manifest;             // what /v1/engine says of the model and how it runs
  // One line of JSON a request and one an answer, without anybody's words; may be empty.
  std::function<void(const std::string& line)> access_log;
  // One line of request_record.h for every request for an answer; may be empty. Any thread.
  std::function<void(const std::string& line)> record;
  bool record_words = false;                      // as they came; otherwise the body is redacted
  std::shared_ptr<const ToolGroups> tool_groups;  // for /v1/agent; may be null
};

// What the server holds at the moment; all but the memory is 0 when nothing is under way.
struct ApiCounts {
  int64_t answers = 0;   // that are being made, or that the engine is not done with yet
  int64_t admitted = 0;  // requests that count against their holders' limits
  http::ServerCounts http;
  MemoryCounts memory;
};

class ApiServer {
 public:
  // Listens from now on. Engine, tokenizer and keys outlive the server, whose destructor cancels
  // what is still being answered and waits for the engine to let go of it. Errors are those of
  // http::Server::Start and UsageFile::Open, and kUnsupported for a tokenizer without the chat
  // format's tokens.
  static Result<std::unique_ptr<ApiServer>> Start(ApiOptions options, EngineThread& engine,
                                                  const Tokenizer& tokenizer, const KeyStore& keys);
  virtual ~ApiServer() = default;

  virtual uint16_t port() const = 0;
  // As http::Server::Drain; /ready says no from here on.
  virtual bool Drain(std::chrono::milliseconds patience) = 0;

  virtual ApiCounts counts() const = 0;  // any thread
};

}  // namespace fathom::api
