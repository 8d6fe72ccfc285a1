// The profiler changes no bit and misses no operation.
#include "bench/profiling_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include "kv/page_table.h"
#include "runtime/open_model.h"

namespace fathom {
namespace {

struct Opened {
  std::unique_ptr<LoadedModel> model;
  ProfilingBackend* profiler = nullptr;
};

// fp8 cache, both forms of attention and the MTP layer: every operation of the backend is needed.
Opened Open(bool with_profiler) {
  Opened opened;
  ModelOptions options;
  options.folder = FATHOM_GOLDEN_DIR "/tiny-fp8";
  options.cache_type = CacheType::kFP8;
  options.context = 256;
  options.threads = 2;
  options.dense_below = 40;
  options.mtp = true;
  if (with_profiler) {
    options.wrap_backend = [&opened](std::unique_ptr<Backend> inner, const Checkpoint& checkpoint) {
      auto profiler = std::make_unique<ProfilingBackend>(std::move(inner), checkpoint);
      opened.profiler = profiler.get();
      return profiler;
    };
  }
  auto model = OpenModel(options);
  EXPECT_TRUE(model.ok()) << model.status().message();
  opened.model = std::move(model).value();
  return opened;
}

// Logits of the main model and of the MTP layer after 200 tokens.
std::vector<float> Logits(LoadedModel& model) {
  std::vector<int32_t> tokens(200), hidden_rows(200);
  std::iota(tokens.begin(), tokens.end(), 100);
  std::iota(hidden_rows.begin(), hidden_rows.end(), 0);
  PageTable pages(model.cache->pool());
  EXPECT_TRUE(pages.Reserve(200).ok());
  constexpr int32_t kLast = 199;
  Batch batch;
  batch.Add(tokens, 0, pages.ids(), {&kLast, 1}, 0);
  std::vector<float> values;
  const auto keep = [&] {
    const BufferView logits = model.transformer->logits();
    values.insert(values.end(), logits.row<float>(0), logits.row<float>(0) + logits.cols);
  };
  model.transformer->Forward(batch, *model.cache);
  keep();
  model.transformer->ForwardMtp(batch, hidden_rows, *model.cache);
  keep();
  return values;
}

TEST(ProfilingBackend, ChangesNoBit) {
  const Opened plain = Open(false), profiled = Open(true);
  EXPECT_EQ(Logits(*plain.model), Logits(*profiled.model));
  EXPECT_EQ(plain.model->backend->Name(), profiled.model->backend->Name());
  EXPECT_EQ(plain.model->backend->numerics(), profiled.model->backend->numerics());
  const WorkCounters a = plain.model->backend->counters();
  const WorkCounters b = profiled.model->backend->counters();
  EXPECT_GT(a.latent_rows_read, 0);
  EXPECT_EQ(a.latent_rows_read, b.latent_rows_read);
  EXPECT_EQ(a.index_keys_read, b.index_keys_read);
  profiled.model->backend->ResetCounters();
  EXPECT_EQ(profiled.model->backend->counters().sparse_rows, 0);
}

TEST(ProfilingBackend, CountsEveryOperation) {
  const Opened opened = Open(true);
  opened.profiler->Reset();
  Logits(*opened.model);
  std::map<std::string, OperationTotals> by_name;
  std::vector<std::string> names;
  for (const OperationTotals& totals : opened.profiler->Totals()) {
    by_name[totals.name] = totals;
    names.push_back(totals.name);
    EXPECT_GT(totals.cost.bytes, 0) << totals.name;
    EXPECT_GE(totals.seconds, 0) << totals.name;
  }
  EXPECT_THAT(
      names,
      testing::UnorderedElementsAre(
          "embedding", "norms", "rope", "hadamard", "cache writes", "index scores", "top-k",
          "absorb queries", "sparse attention", "project values", "multi-head attention",
          "route experts", "experts", "swiglu", "add", "gather rows", "linear q_a_proj",
          "linear q_b_proj", "linear kv_a_proj_with_mqa", "linear o_proj", "linear indexer.wq_b",
          "linear indexer.wk", "linear indexer.weights_proj", "linear mlp.gate",
          "linear mlp.gate_proj", "linear mlp.up_proj", "linear mlp.down_proj",
          "linear mlp.shared_experts.gate_proj", "linear mlp.shared_experts.up_proj",
          "linear mlp.shared_experts.down_proj", "linear lm_head", "linear eh_proj"));
  // Two layers and the MTP layer, one of them dense.
  EXPECT_EQ(by_name["linear o_proj"].calls, 3);
  EXPECT_EQ(by_name["experts"].calls, 2);
  EXPECT_EQ(by_name["linear mlp.gate_proj"].calls, 1);
  EXPECT_EQ(by_name["cache writes"].calls, 6);
  EXPECT_EQ(by_name["embedding"].calls, 2);
  // 200 rows, D = 256, H * V = 512.
  EXPECT_EQ(by_name["linear o_proj"].cost.flops, 3 * 2.0 * 200 * 256 * 512);
  // The router and the head keep full precision in every mode.
  EXPECT_TRUE(by_name["linear o_proj"].rounds);
  EXPECT_FALSE(by_name["linear mlp.gate"].rounds);
  EXPECT_FALSE(by_name["linear lm_head"].rounds);
}

TEST(ProfilingBackend, CountsOnlyWhatItIsAskedFor) {
  const Opened opened = Open(true);
  opened.profiler->SetCounting(false);
  Logits(*opened.model);
  EXPECT_TRUE(opened.profiler->Totals().empty());
  opened.profiler->SetCounting(true);
  Logits(*opened.model);
  EXPECT_FALSE(opened.profiler->Totals().empty());
  opened.profiler->Reset();
  EXPECT_TRUE(opened.profiler->Totals().empty());
}

TEST(MatrixLabel, LeavesTheLayerOut) {
  EXPECT_EQ(MatrixLabel("model.layers.17.self_attn.q_a_proj.weight"), "q_a_proj");
  EXPECT_EQ(MatrixLabel("model.layers.3.mlp.shared_experts.up_proj.weight"),
            "mlp.shared_experts.up_proj");
  EXPECT_EQ(MatrixLabel("model.embed_tokens.weight"), "embed_tokens");
  EXPECT_EQ(MatrixLabel("lm_head.weight"), "lm_head");
  EXPECT_EQ(MatrixLabel("model.layers.5"), "5");
}

}  // namespace
}  // namespace fathom
