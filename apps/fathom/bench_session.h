// A model opened to be measured, and the tokens it is measured with.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "bench/profiling_backend.h"
#include "bench/report.h"
#include "engine/engine.h"
#include "runtime/open_model.h"
#include "tokenizer/tokenizer.h"

namespace fathom {

struct BenchSession {
  std::unique_ptr<LoadedModel> model;
  std::unique_ptr<Engine> engine;
  ProfilingBackend* profiler = nullptr;  // the model's backend, when asked for
};

// `has_token` as the engine wants it.
Result<BenchSession> OpenBenchSession(ModelOptions options, const std::vector<bool>& has_token,
                                      bool with_profiler, const std::function<Status()>& stop);

// The vocabulary of a model folder. Without a tokenizer.json (random checkpoints have none) every
// id below vocab_size is an ordinary token.
struct BenchVocabulary {
  std::optional<Tokenizer> tokenizer;
  std::vector<bool> has_token;    // [vocab_size]
  std::vector<int32_t> ordinary;  // neither special nor added
  int64_t most_context = 0;       // max_position_embeddings
};
Result<BenchVocabulary> OpenBenchVocabulary(const std::string& folder);

// The tokens of a file; kNotFound, naming it, without a tokenizer.
Result<std::vector<int32_t>> TokensOfFile(const BenchVocabulary& vocabulary,
                                          const std::string& path);

// Everything but the prompts. `options` are those the model was opened with.
Result<BenchSetting> DescribeSetting(const BenchSession& session, const ModelOptions& options);

}  // namespace fathom
