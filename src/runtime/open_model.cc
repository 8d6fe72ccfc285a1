#include "runtime/open_model.h"

#include <algorithm>
#include <limits>

#include "base/clock.h"
#include "base/number_text.h"
#include "checkpoint/weight_check.h"
#include "cpu/cpu_backend.h"
#include "cpu/official_backend.h"
#include "parallel/topology.h"

namespace fathom {

std::string_view Name(Numerics numerics) {
  return numerics == Numerics::kReference  ? "reference"
         : numerics == Numerics::kOfficial ? "official"
                                           : "fast";
}

std::optional<Numerics> ParseNumerics(std::string_view name) {
  for (const Numerics numerics : kNumericModes) {
    if (Name(numerics) == name) return numerics;
  }
  return std::nullopt;
}

namespace {

CacheLayout LayoutFor(const ModelConfig& config, const ModelOptions& options) {
  const CacheType otherwise = options.numerics == Numerics::kReference  ? CacheType::kF32
                              : options.numerics == Numerics::kOfficial ? CacheType::kFP8
                                                                        : CacheType::kBF16;
  return {options.cache_type.value_or(otherwise), static_cast<int>(config.kv_lora_rank),
          static_cast<int>(config.qk_rope_head_dim), static_cast<int>(config.index_head_dim)};
}

TransformerOptions OptionsFor(const ModelConfig& config, const ModelOptions& options) {
  TransformerOptions model;
  model.context =
      options.context.value_or(std::min(kDefaultContext, config.max_position_embeddings));
  model.step_tokens = std::min(options.step_tokens, model.context * options.sequences);
  model.logit_rows = options.logit_rows;
  model.dense_below = options.dense_below;
  model.dense_prompts = options.numerics == Numerics::kOfficial;
  model.mtp = options.mtp;
  return model;
}

// Official numerics fix what else can be chosen.
Status CheckOfficial(const ModelOptions& options) {
  if (options.numerics != Numerics::kOfficial) return {};
  if (options.cache_type.value_or(CacheType::kFP8) != CacheType::kFP8) {
    return InvalidArgument("official numerics need cache type fp8, found {}",
                           Name(*options.cache_type));
  }
  if (options.dense_below != 0) {
    return InvalidArgument(
        "official numerics choose the form of attention themselves, found dense-below {}",
        options.dense_below);
  }
  return {};
}

CpuWorkload WorkloadOf(const ModelConfig& config, const TransformerOptions& options) {
  CpuWorkload workload;
  workload.tokens = options.step_tokens;
  workload.hidden_size = config.hidden_size;
  workload.widest_input = std::max({(options.mtp ? 2 : 1) * config.hidden_size,
                                    config.num_attention_heads * config.v_head_dim,
                                    config.first_k_dense_replace > 0 ? config.intermediate_size : 0,
                                    config.n_shared_experts * config.moe_intermediate_size});
  if (config.first_k_dense_replace < config.num_hidden_layers || options.mtp) {
    workload.experts_per_token = config.num_experts_per_tok;
    workload.expert_inner = config.moe_intermediate_size;
  }
  return workload;
}

// How many pages the cache gets. `rest`: memory that nothing else needs.
Result<int64_t> PagesFor(const ModelOptions& options, int64_t context, int64_t page_bytes,
                         int64_t rest) {
  const int64_t one_context = (context + kPageTokens - 1) / kPageTokens;
  const int64_t all = one_context * options.sequences;
  if (options.cache_bytes) {
    const int64_t pages = *options.cache_bytes / page_bytes;
    if (pages >= one_context) return std::min<int64_t>(pages, std::numeric_limits<int32_t>::max());
    return InvalidArgument("a cache of {} holds {} tokens, and one context has {}: that needs {}",
                           FormatBytes(*options.cache_bytes), pages * kPageTokens, context,
                           FormatBytes(one_context * page_bytes));
  }
  if (!options.share_memory) return all;
  return std::clamp(rest / 2 / page_bytes, one_context, all);
}

}  // namespace

Result<std::unique_ptr<LoadedModel>> OpenModel(const ModelOptions& options,
                                               const PlanCallback& on_plan,
                                               const ByteProgress& progress) {
  const Stopwatch watch;
  FATHOM_RETURN_IF_ERROR(CheckOfficial(options));
  auto model = std::make_unique<LoadedModel>();
  FATHOM_ASSIGN_OR_RETURN(model->checkpoint, OpenCheckpoint(options.folder));
  const ModelConfig& config = model->checkpoint.config;
  const CacheLayout layout = LayoutFor(config, options);
  FATHOM_RETURN_IF_ERROR(layout.Validate());
  const TransformerOptions transformer = OptionsFor(config, options);
  FATHOM_RETURN_IF_ERROR(Transformer::CheckOptions(model->checkpoint, transformer));

  const int64_t layers = config.num_hidden_layers + (transformer.mtp ? 1 : 0);
  MemoryPlan& plan = model->plan;
  plan.weights = model->checkpoint.tensors.bytes();
  plan.activations = Transformer::ScratchBytes(config, transformer) +
                     CpuBackend::WorkspaceBytes(WorkloadOf(config, transformer));
  if (options.numerics == Numerics::kOfficial) {
    const int threads = options.threads > 0 ? options.threads : UsableCores();
    plan.activations += OfficialBackend::ExtraBytes(
        WorkloadOf(config, transformer), threads, transformer.context,
        config.qk_nope_head_dim + config.qk_rope_head_dim + config.v_head_dim);
  }
  plan.available = AvailableMemory();
  FATHOM_ASSIGN_OR_RETURN(
      const int64_t pages,
      PagesFor(options, transformer.context, KvCache::BytesFor(layout, layers, 1),
               plan.available - plan.weights - plan.activations));
  plan.cache = KvCache::BytesFor(layout, layers, pages);
  plan.context = transformer.context;
  plan.token_bytes = layout.TokenBytes() * layers * (options.cache_bytes ? 1 : options.sequences);
  plan.cache_type = Name(layout.type);
  FATHOM_RETURN_IF_ERROR(plan.Check(options.weights_from_disk));
  if (on_plan) on_plan(plan);

  const bool all = options.read_weights && !options.weights_from_disk;
  FATHOM_RETURN_IF_ERROR(all ? CheckAllTensors(model->checkpoint, progress)
                             : CheckSmallTensors(model->checkpoint));
  CpuOptions cpu;
  cpu.numerics = options.numerics;
  cpu.threads = options.threads;
  FATHOM_ASSIGN_OR_RETURN(model->backend, CpuBackend::Create(cpu));
  if (options.wrap_backend) {
    model->backend = options.wrap_backend(std::move(model->backend), model->checkpoint);
  }
  FATHOM_ASSIGN_OR_RETURN(model->transformer,
                          Transformer::Create(model->checkpoint, *model->backend, transformer));
  FATHOM_ASSIGN_OR_RETURN(
      KvCache cache, KvCache::Create(*model->backend, layout, layers, static_cast<int32_t>(pages)));
  model->cache = std::make_unique<KvCache>(std::move(cache));
  model->load_seconds = watch.seconds();
  return model;
}

}  // namespace fathom
