// The whole server over a scripted model: what tests of the APIs talk to.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/api_server.h"
#include "base/status.h"
#include "engine/engine_thread.h"
#include "support/scripted_chat.h"
#include "support/scripted_model.h"
#include "tokenizer/tokenizer.h"

namespace fathom::test {

struct ScriptedServiceOptions {
  std::string tokenizer;  // tokenizer.json
  std::vector<Line> lines;
  std::function<RowScript(const Tokenizer&)> rows;  // instead of lines
  int64_t vocab_size = 0;                           // 0: as many as the tokenizer has ids
  api::ApiOptions api;  // models are filled in: "scripted" and the aliases
  api::KeyRing keys = api::KeyRing::Open();
  int64_t context = 4096;
  int32_t pages = 1024;
  int64_t max_running = 16;
  int64_t max_waiting = 64;
  std::function<void(const Batch&)> on_step;  // inside of every step
};

// Parts in the order in which they need each other; torn down in reverse.
struct ScriptedService {
  std::unique_ptr<Tokenizer> tokenizer;
  std::unique_ptr<ScriptedModel> model;
  std::unique_ptr<api::KeyStore> keys;
  std::unique_ptr<EngineThread> engine;
  std::unique_ptr<api::ApiServer> server;

  static Result<std::unique_ptr<ScriptedService>> Start(ScriptedServiceOptions options);
};

// The rest of a program that serves other programs' tests: prints the address, or the error, and
// goes on until its input ends, so that it never outlives who started it. Returns the exit code.
int ServeUntilInputEnds(const Result<std::unique_ptr<ScriptedService>>& service);

}  // namespace fathom::test
