// Is sparse attention really sparse? Time per token of attention and of the indexer by context, at
// the per-head sizes of the real model, and how many cache rows were read.
//
//   sparse_attention_bench [HEADS]    16 by default
//
// A random checkpoint gives the weights; the cache is filled with random rows. Layers are cycled
// through, and before each one 128 MB of other memory are read, as the experts' weights are between
// the attentions of a real step: otherwise a short context would live in the processor's caches and
// look faster than it is. Selections come from the indexer, with a new random query every time.

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/random_checkpoint.h"
#include "cpu/cpu_backend.h"
#include "json/parse.h"
#include "kv/kv_cache.h"
#include "kv/page_table.h"
#include "model/batch.h"
#include "parallel/thread_pool.h"
#include "support/temp_dir.h"

namespace fathom {
namespace {

constexpr int64_t kLayers = 16;
constexpr int64_t kContexts[] = {2048, 8192, 32768, 65536};
constexpr int64_t kOtherFloats = int64_t{32} << 20;
constexpr int kRounds = 5;

// The published config but for the parts that attention does not see, which are small.
json::Value Config(int64_t heads) {
  auto value = json::ParseFile(FATHOM_SOURCE_DIR "/tests/golden/deepseek-v3.2/config.json");
  FATHOM_CHECK(value.ok(), "{}", value.status().message());
  json::Object& config = value->object();
  config.Set("num_attention_heads", heads);
  config.Set("num_key_value_heads", heads);
  config.Set("vocab_size", 512);
  config.Set("hidden_size", 2048);
  config.Set("intermediate_size", 256);
  config.Set("first_k_dense_replace", kLayers);
  return *value;
}

class Noise {
 public:
  // Roughly normal, of unit size.
  float Next() {
    state_ = state_ * 6364136223846793005 + 1442695040888963407;
    const auto bits = static_cast<uint32_t>(state_ >> 32);
    return (static_cast<float>(bits & 0xFFFF) + static_cast<float>(bits >> 16) - 65535.0F) *
           (1.0F / 26755.0F);
  }
  void Fill(const BufferView& view) {
    for (int64_t r = 0; r < view.rows; ++r) {
      std::generate_n(view.row<float>(r), view.cols, [&] { return Next(); });
    }
  }

 private:
  uint64_t state_ = 1;
};

struct Timings {
  double attention = 0, cache_rows = 0, indexer = 0;  // seconds per token and layer, medians
  double rows_read = 0, rows_held = 0;
};

class Bench {
 public:
  explicit Bench(int64_t heads) : heads_(heads) {
    RandomCheckpointOptions options;
    options.layers = kLayers;
    options.mtp = false;
    auto planned = RandomCheckpoint::Plan(Config(heads), options);
    FATHOM_CHECK(planned.ok(), "{}", planned.status().message());
    const std::string folder = dir_.File("model");
    const Status written = planned->Write(folder);
    FATHOM_CHECK(written.ok(), "{}", written.message());
    checkpoint_ = std::make_unique<Checkpoint>(Take(OpenCheckpoint(folder)));
    backend_ = Take(CpuBackend::Create({}));
    for (int64_t layer = 0; layer < kLayers; ++layer) {
      kv_b_.push_back(
          checkpoint_->Matrix(fmt::format("model.layers.{}.self_attn.kv_b_proj.weight", layer)));
    }
  }

  std::string Name() const { return backend_->Name(); }

  Timings Run(int64_t context) {
    const ModelConfig& c = checkpoint_->config;
    const CacheLayout layout = {CacheType::kBF16, static_cast<int>(c.kv_lora_rank),
                                static_cast<int>(c.qk_rope_head_dim),
                                static_cast<int>(c.index_head_dim)};
    const auto pages = static_cast<int32_t>(context / kPageTokens);
    KvCache cache = Take(KvCache::Create(*backend_, layout, kLayers, pages));
    PageTable table(cache.pool());
    FATHOM_CHECK(table.Reserve(context).ok(), "pages");
    FillCache(cache, table, context);

    Batch batch;
    const int32_t token = 1;
    batch.Add({&token, 1}, static_cast<int32_t>(context - 1), table.ids(), {}, 0);
    const StepRows rows = batch.Rows();
    const std::vector<int32_t> which = {0};
    const int64_t head_dim = c.qk_head_dim();
    const BufferView q = View(heads_ * head_dim), latent = View(heads_ * c.kv_lora_rank);
    const BufferView latent_out = View(heads_ * c.kv_lora_rank);
    const BufferView out = View(heads_ * c.v_head_dim);
    const BufferView index_q = View(c.index_n_heads * c.index_head_dim);
    const BufferView index_w = View(c.index_n_heads), scores = View(context);
    std::vector<int32_t> selected(static_cast<size_t>(c.index_topk));
    int32_t count = 0;

    std::vector<double> attention, cache_rows, indexer;
    backend_->ResetCounters();
    for (int round = 0; round <= kRounds; ++round) {
      for (int64_t layer = 0; layer < kLayers; ++layer) {
        noise_.Fill(index_q);
        noise_.Fill(index_w);
        noise_.Fill(q);
        const LayerCache of_layer = cache.Layer(layer);
        const MatrixView& kv_b = kv_b_[static_cast<size_t>(layer)];
        ReadOtherMemory();
        const Stopwatch first;
        backend_->IndexScores({rows, 0, 1, index_q, index_w, 0.011F, c.index_n_heads, c.index_topk,
                               of_layer, scores});
        backend_->TopK({rows, 0, 1, scores, c.index_topk, selected.data(), &count});
        const double indexer_seconds = first.seconds();
        const Stopwatch second;
        backend_->AbsorbQueries(
            {q, kv_b, heads_, c.qk_nope_head_dim, c.qk_rope_head_dim, c.v_head_dim, latent});
        const double absorb_seconds = second.seconds();
        backend_->SparseMla({rows, which, latent, q, heads_, c.qk_nope_head_dim, c.qk_rope_head_dim,
                             selected.data(), &count, c.index_topk, 0.1352F, of_layer, latent_out});
        const double rows_seconds = second.seconds() - absorb_seconds;
        backend_->ProjectValues(
            {which, latent_out, kv_b, heads_, c.qk_nope_head_dim, c.v_head_dim, out});
        if (round == 0) continue;  // warms up
        attention.push_back(second.seconds());
        cache_rows.push_back(rows_seconds);
        indexer.push_back(indexer_seconds);
      }
    }
    const WorkCounters work = backend_->counters();
    const auto queries = static_cast<double>(work.sparse_rows);
    return {Median(attention), Median(cache_rows), Median(indexer),
            static_cast<double>(work.latent_rows_read) / queries,
            static_cast<double>(work.latent_rows_held) / queries};
  }

 private:
  template <typename T>
  static T Take(Result<T> result) {
    FATHOM_CHECK(result.ok(), "{}", result.status().message());
    return std::move(result).value();
  }

  static double Median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  }

  BufferView View(int64_t cols) {
    buffers_.push_back(Take(backend_->Allocate(static_cast<size_t>(cols) * sizeof(float))));
    return {buffers_.back().data(), DType::kF32, 1, cols, cols};
  }

  void ReadOtherMemory() {
    readers_.Run(64, [&](int64_t item, int) {
      const auto first = other_.begin() + item * kOtherFloats / 64;
      const float sum = std::accumulate(first, first + kOtherFloats / 64, 0.0F);
      if (sum < 0) fmt::print("never\n");
    });
  }

  void FillCache(KvCache& cache, const PageTable& table, int64_t context) {
    const CacheLayout& layout = cache.layout();
    constexpr int64_t kRows = 512;
    const BufferView kv = {View(kRows * (layout.latent_dim + layout.rope_dim)).data, DType::kF32,
                           kRows, layout.latent_dim + layout.rope_dim,
                           layout.latent_dim + layout.rope_dim};
    const BufferView keys = {View(kRows * layout.index_dim).data, DType::kF32, kRows,
                             layout.index_dim, layout.index_dim};
    const std::vector<int32_t> tokens(static_cast<size_t>(kRows), 1);
    for (int64_t layer = 0; layer < kLayers; ++layer) {
      for (int64_t first = 0; first < context; first += kRows) {
        noise_.Fill(kv);
        noise_.Fill(keys);
        Batch batch;
        batch.Add(tokens, static_cast<int32_t>(first), table.ids(), {}, 0);
        backend_->WriteLatents({batch.Rows(), kv, cache.Layer(layer)});
        backend_->WriteIndexKeys({batch.Rows(), keys, cache.Layer(layer)});
      }
    }
  }

  const int64_t heads_;
  test::TempDir dir_;
  std::unique_ptr<Checkpoint> checkpoint_;
  std::unique_ptr<CpuBackend> backend_;
  std::vector<MatrixView> kv_b_;  // by layer
  Noise noise_;
  ThreadPool readers_{static_cast<int>(std::thread::hardware_concurrency())};
  std::vector<float> other_ = std::vector<float>(kOtherFloats, 1.0F);
  std::vector<Buffer> buffers_;
};

int Main(int argc, char** argv) {
  const int64_t heads = argc > 1 ? std::atoll(argv[1]) : 16;
  Bench bench(heads);
  fmt::print("{} heads, top {} of the context, bf16 cache, {} layers in turn, {}\n", heads, 2048,
             kLayers, bench.Name());
  fmt::print("{:>8}{:>15}{:>11}{:>16}{:>11}{:>13}{:>12}{:>12}\n", "context", "attention µs",
             "of 2048's", "of it, rows µs", "of 2048's", "indexer µs", "rows read", "rows held");
  double base = 0, base_rows = 0;
  for (const int64_t context : kContexts) {
    const Timings t = bench.Run(context);
    if (base == 0) base = t.attention, base_rows = t.cache_rows;
    fmt::print("{:>8}{:>14.1f}{:>11.2f}{:>15.1f}{:>11.2f}{:>12.1f}{:>12.0f}{:>12.0f}\n", context,
               t.attention * 1e6, t.attention / base, t.cache_rows * 1e6, t.cache_rows / base_rows,
               t.indexer * 1e6, t.rows_read, t.rows_held);
  }
  return 0;
}

}  // namespace
}  // namespace fathom

int main(int argc, char** argv) { return fathom::Main(argc, argv); }
