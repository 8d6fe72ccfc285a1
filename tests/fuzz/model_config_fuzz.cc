// The text of a config.json, and the same text as a generation_config.json.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "checkpoint/generation_config.h"
#include "checkpoint/model_config.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/tensor_names.h"

namespace fathom {
namespace {

// Whatever is accepted has a tensor list whose sizes fit, and reads back from its own text.
void CheckAccepted(const ModelConfig& config) {
  const Result<ModelConfig> back = ReadModelConfig(WriteModelConfig(config));
  FATHOM_CHECK(back.ok(), "{}", back.status().message());
  FATHOM_CHECK(*back == config, "read back differently");
  // Lists of a million names only slow the search down.
  if (config.num_hidden_layers * config.n_routed_experts > 1000) return;
  int64_t total = 0;
  for (const TensorSpec& spec : ModelTensors(config, Mtp::kPresent)) {
    const auto bytes = TensorBytes(DType::kF32, spec.shape);
    FATHOM_CHECK(bytes && *bytes > 0, "{} {}", spec.name, spec.shape.ToString());
    FATHOM_CHECK(!__builtin_add_overflow(total, *bytes, &total), "{}", spec.name);
  }
}

}  // namespace
}  // namespace fathom

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = fathom::ParseModelConfig(text);
  if (config.ok()) {
    fathom::CheckAccepted(*config);
  } else {
    FATHOM_CHECK(config.status().message().find('\n') == std::string::npos, "more than one line");
  }
  fathom::ModelConfig model;
  model.vocab_size = 1000;
  const auto generation = fathom::ParseGenerationConfig(text, model);
  if (generation.ok()) {
    for (const int64_t id : generation->eos_token_ids) {
      FATHOM_CHECK(id >= 0 && id < 1000, "token {}", id);
    }
  }
  return 0;
}
