#include "model_flags.h"

#include "model_path.h"

namespace fathom {

Result<ModelOptions> ModelFlags::ToOptions() const {
  ModelOptions options;
  FATHOM_ASSIGN_OR_RETURN(options.folder, ResolveModelPath(model));
  options.numerics = *ParseNumerics(numerics);  // one of the flag's choices
  if (!cache_type.empty()) options.cache_type = ParseCacheType(cache_type);
  if (threads < 0 || threads > 4096) {
    return InvalidArgument("--threads: {} is outside [0, 4096]", threads);
  }
  options.threads = static_cast<int>(threads);
  options.dense_below = dense_below;
  options.context = context;
  options.weights_from_disk = weights_from_disk;
  options.read_weights = !no_weight_check;
  return options;
}

std::vector<std::string> NumericModes() {
  std::vector<std::string> names;
  for (const Numerics mode : kNumericModes) names.emplace_back(Name(mode));
  return names;
}

std::vector<Flag> ModelFlagTable(ModelFlags* flags) {
  return {
      {.name = "MODEL",
       .value = "",
       .help = "model folder; left out: the bundled fathom-nano",
       .target = &flags->model},
      {.name = "--numerics",
       .value = "MODE",
       .help =
           "reference: f32, as the golden data; official: rounds as DeepSeek's code; fast: rounds "
           "where hardware gains [fast]",
       .target = &flags->numerics,
       .choices = NumericModes()},
      {.name = "--cache-type",
       .value = "TYPE",
       .help = "f32, bf16 or fp8 [f32 with reference, fp8 with official, bf16 with fast]",
       .target = &flags->cache_type,
       .choices = {"f32", "bf16", "fp8"}},
      {.name = "--context",
       .value = "N",
       .help = "tokens of the longest sequence [32768, or what the model allows]",
       .target = &flags->context},
      {.name = "--threads",
       .value = "N",
       .help = "threads; 0: every core this process may use [0]",
       .target = &flags->threads},
      {.name = "--dense-below",
       .value = "N",
       .help = "multi-head attention for positions below N, at most index_topk [0]",
       .target = &flags->dense_below},
      {.name = "--weights-from-disk",
       .value = "",
       .help = "accept weights larger than memory",
       .target = &flags->weights_from_disk},
      {.name = "--no-weight-check",
       .value = "",
       .help = "start without reading every weight once",
       .target = &flags->no_weight_check},
  };
}

}  // namespace fathom
