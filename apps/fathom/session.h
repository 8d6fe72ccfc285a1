// A model ready to talk: opened, with tokenizer and engines, for the commands that generate.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/text_engine.h"
#include "base/status.h"
#include "engine/engine.h"
#include "model_flags.h"
#include "runtime/open_model.h"
#include "tokenizer/tokenizer.h"

namespace fathom {

struct Session {
  std::unique_ptr<LoadedModel> model;
  std::optional<Tokenizer> tokenizer;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<TextEngine> text;
  double load_seconds = 0;
};

// Shows the memory plan and a progress bar on standard error when that is a terminal.
// `max_running` requests share the steps; the cache holds one context for each. Ctrl-C ends it.
Result<std::unique_ptr<Session>> OpenSession(const ModelFlags& flags, int64_t max_running);
// The same with everything chosen. `check` is asked while weights are read, and its error ends
// that.
Result<std::unique_ptr<Session>> OpenSession(const ModelOptions& options, int64_t max_running,
                                             const std::function<Status()>& check);

// "load 0.05 s · prompt 12 tokens, 310.0 per second · answer 40 tokens, 250.0 per second · read 52
// of 52 keys per token"
std::string DescribeWork(const Session& session, const Usage& usage);

}  // namespace fathom
