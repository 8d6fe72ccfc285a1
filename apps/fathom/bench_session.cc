#include "bench_session.h"

#include <filesystem>
#include <utility>

#include "base/mapped_file.h"
#include "checkpoint/model_config.h"
#include "cpu/cpu_features.h"
#include "cpu/kernels/dispatch.h"
#include "parallel/topology.h"

namespace fathom {

Result<BenchSession> OpenBenchSession(ModelOptions options, const std::vector<bool>& has_token,
                                      bool with_profiler, const std::function<Status()>& stop) {
  BenchSession session;
  if (with_profiler) {
    options.wrap_backend = [&session](std::unique_ptr<Backend> inner,
                                      const Checkpoint& checkpoint) {
      auto profiler = std::make_unique<ProfilingBackend>(std::move(inner), checkpoint);
      session.profiler = profiler.get();
      return profiler;
    };
  }
  FATHOM_ASSIGN_OR_RETURN(session.model,
                          OpenModel(options, nullptr, [&](int64_t) { return stop(); }));
  EngineOptions engine;
  engine.max_running = options.sequences;
  session.engine = std::make_unique<Engine>(*session.model->transformer, *session.model->cache,
                                            has_token, std::move(engine));
  return session;
}

Result<BenchVocabulary> OpenBenchVocabulary(const std::string& folder) {
  FATHOM_ASSIGN_OR_RETURN(const ModelConfig config, LoadModelConfig(folder + "/config.json"));
  const auto size = static_cast<size_t>(config.vocab_size);
  BenchVocabulary vocabulary;
  vocabulary.most_context = config.max_position_embeddings;
  vocabulary.has_token.assign(size, true);
  std::error_code ignored;
  const std::string path = folder + "/tokenizer.json";
  if (std::filesystem::exists(path, ignored)) {
    FATHOM_ASSIGN_OR_RETURN(vocabulary.tokenizer, Tokenizer::Load(path));
  }
  for (size_t i = 0; i < size; ++i) {
    const auto id = static_cast<int32_t>(i);
    bool ordinary = true;
    if (vocabulary.tokenizer) {
      const Vocabulary& known = vocabulary.tokenizer->vocabulary();
      vocabulary.has_token[i] = known.Has(id);
      ordinary = known.Has(id) && !known.IsAdded(id);
    }
    if (ordinary) vocabulary.ordinary.push_back(id);
  }
  return vocabulary;
}

Result<std::vector<int32_t>> TokensOfFile(const BenchVocabulary& vocabulary,
                                          const std::string& path) {
  if (!vocabulary.tokenizer) return NotFound("--text: the model has no tokenizer.json");
  constexpr size_t kMostBytes = size_t{64} << 20;
  FATHOM_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMostBytes));
  std::vector<int32_t> tokens = vocabulary.tokenizer->Encode(text);
  if (tokens.empty()) return InvalidArgument("{}: holds no text", path);
  return tokens;
}

Result<BenchSetting> DescribeSetting(const BenchSession& session, const ModelOptions& options) {
  FATHOM_ASSIGN_OR_RETURN(const KernelTable* kernels, ChooseKernelsFromEnvironment());
  BenchSetting setting;
  setting.processor = ProcessorName();
  setting.isa = kernels->name;
  setting.cores = UsableCores();
  // The folder's own name, also where the path ends in a slash or is ".".
  std::error_code ignored;
  const auto folder = std::filesystem::weakly_canonical(options.folder, ignored);
  setting.model = folder.empty() ? options.folder : folder.filename().string();
  setting.numerics = Name(options.numerics);
  setting.cache_type = Name(session.model->cache->layout().type);
  return setting;
}

}  // namespace fathom
