// How fast every kernel of every table is, on one core, and how near the machine's limits.
//
// The limits are measured first, with cpu/machine_limits.h, which also says how a figure is taken;
// the time column is the library's average. Shapes are those of fathom-nano and of DeepSeek-V3.2.
//
//   kernels_bench --benchmark_filter='linear/avx2/e4m3'
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "backend/cache_layout.h"
#include "base/aligned_buffer.h"
#include "base/check.h"
#include "cpu/kernels/dispatch.h"
#include "cpu/machine_limits.h"
#include "parallel/thread_pool.h"

namespace fathom {
namespace {

// The limits of one core, measured once.
double CorePeakFlops(int lanes) {
  static std::map<int, double> known;
  double& peak = known[lanes];
  if (peak == 0) peak = PeakFlops(lanes, 1);
  return peak;
}
double CorePeakReadBytes() {
  static const double peak = PeakReadBytes(1).value();
  return peak;
}

AlignedBuffer Memory(int64_t bytes) {
  return AlignedBuffer::Allocate(static_cast<size_t>(bytes)).value();
}

// ---- running one kernel ----

struct Work {
  double flops = 0;
  double bytes = 0;     // read from where the weights, cache rows or scores lie
  double elements = 0;  // for what is counted in elements
  std::function<void()> run;
};

void Measure(benchmark::State& state, const KernelTable& table, const Work& work) {
  double best = 1e9;
  for (auto _ : state) best = std::min(best, FastSeconds(0.05, work.run));
  if (work.flops > 0) {
    state.counters["GFLOP/s"] = work.flops / best * 1e-9;
    state.counters["of_peak"] = work.flops / best / CorePeakFlops(table.lanes);
  }
  if (work.bytes > 0) {
    state.counters["GB/s"] = work.bytes / best * 1e-9;
    state.counters["of_memory"] = work.bytes / best / CorePeakReadBytes();
  }
  if (work.elements > 0) state.counters["Gelem/s"] = work.elements / best * 1e-9;
  state.counters["us"] = best * 1e6;
}

using Maker = std::function<Work(const KernelTable&)>;

void Register(const std::string& name, const KernelTable& table, const Maker& make) {
  benchmark::RegisterBenchmark(name.c_str(), [&table, make](benchmark::State& state) {
    Measure(state, table, make(table));
  })->Iterations(3);
}

// Numbers in (-1, 1) from a multiplicative hash: no kernel's speed depends on them.
void FillFloats(AlignedBuffer& buffer) {
  uint32_t state = 1;
  for (float& x : buffer.As<float>()) {
    state = state * 1664525 + 1013904223;
    x = static_cast<float>(static_cast<int32_t>(state)) * 0x1p-31F;
  }
}

struct Rows {
  AlignedBuffer memory;
  std::vector<const float*> in;
  std::vector<float*> out;
  Rows(int64_t rows, int64_t cols) : memory(Memory(rows * cols * 4)) {
    FillFloats(memory);
    for (int64_t r = 0; r < rows; ++r) {
      out.push_back(memory.As<float>().data() + r * cols);
      in.push_back(out.back());
    }
  }
};

struct Weights {
  Packed packed;
  AlignedBuffer data, scales;
  int64_t cols;
  Weights(Packed type, int64_t rows, int64_t columns)
      : packed(type),
        data(Memory(rows * columns *
                    (type == Packed::kF32    ? 4
                     : type == Packed::kE4M3 ? 1
                                             : 2))),
        scales(Memory((rows + 127) / 128 * ((columns + 127) / 128) * 4)),
        cols(columns) {
    // Small numbers in every type; 1 for scales.
    std::memset(data.data(), 0x2C, data.size());
    std::fill(scales.As<float>().begin(), scales.As<float>().end(), 1.0F);
  }
  void SetIn(LinearTask* task) const {
    task->cols = cols;
    task->w = data.data();
    task->packed = packed;
    task->scales = scales.data();
  }
};

const char* NameOf(Packed packed) {
  switch (packed) {
    case Packed::kF32:
      return "f32";
    case Packed::kF16:
      return "f16";
    case Packed::kBF16:
      return "bf16";
    case Packed::kE4M3:
      return "e4m3";
  }
  return "";
}

struct LinearShape {
  const char* name;
  int64_t outputs, cols;
};
// The last does not fit into any cache: what a decode step reads.
constexpr LinearShape kLinearShapes[] = {{"nano_128x384", 128, 384},
                                         {"nano_384x1024", 384, 1024},
                                         {"real_256x7168", 256, 7168},
                                         {"real_256x16384", 256, 16384},
                                         {"real_16384x7168", 16384, 7168}};

Maker MakeLinear(Packed packed, const LinearShape& shape, int64_t rows, bool bf16) {
  return [=](const KernelTable& table) {
    auto x = std::make_shared<Rows>(rows, shape.cols);
    auto y = std::make_shared<Rows>(rows, shape.outputs);
    auto w = std::make_shared<Weights>(packed, shape.outputs, shape.cols);
    auto scratch = std::make_shared<AlignedBuffer>(Memory(kLinearScratch * 4));
    auto x_bf16 = std::make_shared<AlignedBuffer>(Memory(rows * shape.cols * 2));
    auto x_bf16_rows = std::make_shared<std::vector<const uint16_t*>>();
    for (int64_t r = 0; r < rows; ++r) {
      uint16_t* row = x_bf16->As<uint16_t>().data() + r * shape.cols;
      table.pack_bf16(x->in[static_cast<size_t>(r)], shape.cols, row);
      x_bf16_rows->push_back(row);
    }
    Work work;
    work.flops = 2.0 * static_cast<double>(rows * shape.outputs * shape.cols);
    work.bytes = static_cast<double>(w->data.size());
    work.run = [=, &table] {
      LinearTask task = {};
      w->SetIn(&task);
      task.x = x->in.data();
      task.x_bf16 = bf16 ? x_bf16_rows->data() : nullptr;
      task.y = y->out.data();
      task.rows = rows;
      task.n_end = shape.outputs;
      task.scratch = scratch->As<float>().data();
      table.linear(task);
      (void)x_bf16;
    };
    return work;
  };
}

void RegisterLinear(const KernelTable& table) {
  for (const Packed packed : {Packed::kF32, Packed::kF16, Packed::kBF16, Packed::kE4M3}) {
    for (const LinearShape& shape : kLinearShapes) {
      for (const int64_t rows : {1, 2, 3, 4, 5, 6, 8, 16, 64, 512}) {
        const bool large = shape.outputs > 1000;
        if (large && rows > 4) continue;
        for (const bool bf16 : {false, true}) {
          const bool has_bf16 =
              table.bf16_dot && (packed == Packed::kBF16 || packed == Packed::kE4M3);
          if (bf16 && !has_bf16) continue;
          Register("linear/" + std::string(table.name) + "/" + NameOf(packed) +
                       (bf16 ? "_x_bf16" : "") + "/" + shape.name + "/rows:" + std::to_string(rows),
                   table, MakeLinear(packed, shape, rows, bf16));
        }
      }
    }
  }
}

void RegisterAbsorb(const KernelTable& table) {
  for (const int64_t rows : {1, 4, 16, 64, 512}) {
    Register("absorb/" + std::string(table.name) + "/e4m3_512x128/rows:" + std::to_string(rows),
             table, [=](const KernelTable& t) {
               auto q = std::make_shared<Rows>(rows, 128);
               auto out = std::make_shared<Rows>(rows, 512);
               auto w = std::make_shared<Weights>(Packed::kE4M3, 256, 512);
               auto scratch = std::make_shared<AlignedBuffer>(Memory(kAbsorbScratch * 4));
               Work work;
               work.flops = 2.0 * static_cast<double>(rows) * 512 * 128;
               work.run = [=, &t] {
                 LinearTask weights = {};
                 w->SetIn(&weights);
                 AbsorbTask task = {};
                 task.q = q->in.data();
                 task.out = out->out.data();
                 task.rows = rows;
                 task.depth = 128;
                 task.w = weights.w;
                 task.cols = 512;
                 task.packed = weights.packed;
                 task.scales = weights.scales;
                 task.n_end = 512;
                 task.scratch = scratch->As<float>().data();
                 t.absorb(task);
               };
               return work;
             });
  }
}

// A cache of one layer with `tokens` tokens whose pages lie in reversed order.
struct Cache {
  CacheLayout layout;
  AlignedBuffer latents, index_keys;
  std::vector<int32_t> page_table;

  Cache(const KernelTable& table, CacheType type, int64_t tokens)
      : layout{type, 512, 64, 128},
        latents(Memory(tokens * layout.LatentBytes())),
        index_keys(Memory(tokens * layout.IndexKeyBytes())),
        page_table(static_cast<size_t>(tokens / 64)) {
    const auto pages = static_cast<int32_t>(page_table.size());
    for (int32_t p = 0; p < pages; ++p) page_table[static_cast<size_t>(p)] = pages - 1 - p;
    const Rows values(1, 576);
    for (int64_t i = 0; i < tokens; ++i) {
      table.write_latent(values.in[0], 512, 64, static_cast<uint8_t>(type),
                         latents.data() + i * layout.LatentBytes());
      table.write_index_key(values.in[0], 128, static_cast<uint8_t>(type), i % 64,
                            index_keys.data() + i / 64 * 64 * layout.IndexKeyBytes());
    }
  }
  CacheRows rows() const {
    CacheRows rows = {};
    rows.latents = latents.data();
    rows.index_keys = index_keys.data();
    rows.page_table = page_table.data();
    rows.latent_bytes = layout.LatentBytes();
    rows.index_bytes = layout.IndexKeyBytes();
    rows.latent_dim = 512;
    rows.rope_dim = 64;
    rows.index_dim = 128;
    rows.type = static_cast<uint8_t>(layout.type);
    return rows;
  }
};

void RegisterSparseMla(const KernelTable& table) {
  for (const CacheType type : {CacheType::kF32, CacheType::kBF16, CacheType::kFP8}) {
    for (const int64_t heads : {1, 2, 4, 8, 16}) {
      if (heads > kSparseHeads) continue;
      for (const int64_t count : {512, 2048}) {
        Register("sparse_mla/" + std::string(table.name) + "/" + std::string(Name(type)) +
                     "/heads:" + std::to_string(heads) + "/keys:" + std::to_string(count),
                 table, [=](const KernelTable& t) {
                   // Every 16th position of 32 Ki.
                   auto cache = std::make_shared<Cache>(t, type, count * 16);
                   auto query = std::make_shared<Rows>(heads, 576);
                   auto out = std::make_shared<Rows>(heads, 512);
                   auto positions = std::make_shared<std::vector<int32_t>>();
                   for (int32_t i = 0; i < count; ++i) positions->push_back(i * 16 + i % 7);
                   auto scratch =
                       std::make_shared<AlignedBuffer>(Memory(SparseMlaScratch(512, 64) * 4));
                   Work work;
                   work.flops = 2.0 * static_cast<double>(heads * count * (576 + 512));
                   work.bytes = static_cast<double>(count * cache->layout.LatentBytes());
                   work.run = [=, &t] {
                     SparseMlaTask task = {};
                     task.query_latent = query->in[0];
                     task.query_rope = query->in[0] + 512;
                     task.latent_stride = task.rope_stride = 576;
                     task.heads = heads;
                     task.cache = cache->rows();
                     task.positions = positions->data();
                     task.count = count;
                     task.scale = 0.01F;
                     task.out = out->out[0];
                     task.out_stride = 512;
                     task.scratch = scratch->As<float>().data();
                     t.sparse_mla(task);
                   };
                   return work;
                 });
      }
    }
  }
}

void RegisterDenseMla(const KernelTable& table) {
  for (const int64_t rows : {1, 16, 256}) {
    Register("dense_mla/" + std::string(table.name) + "/fp8/keys:512/rows:" + std::to_string(rows),
             table, [=](const KernelTable& t) {
               auto cache = std::make_shared<Cache>(t, CacheType::kFP8, 512);
               auto query = std::make_shared<Rows>(rows, 192);
               auto out = std::make_shared<Rows>(rows, 128);
               auto w = std::make_shared<Weights>(Packed::kE4M3, 256, 512);
               auto state = std::make_shared<Rows>(rows, 2);
               auto scratch =
                   std::make_shared<AlignedBuffer>(Memory(DenseMlaScratch(512, 64, 128, 128) * 4));
               auto positions = std::make_shared<std::vector<int32_t>>();
               double pairs = 0;
               for (int64_t r = 0; r < rows; ++r) {
                 positions->push_back(static_cast<int32_t>(512 - rows + r));
                 pairs += static_cast<double>(512 - rows + r + 1);
               }
               Work work;
               work.flops = 2.0 * (pairs * (192 + 128) + 512.0 * 256 * 512);
               work.run = [=, &t] {
                 LinearTask weights = {};
                 w->SetIn(&weights);
                 DenseMlaTask task = {};
                 task.q = query->in.data();
                 task.out = out->out.data();
                 task.positions = positions->data();
                 task.rows = rows;
                 task.cache = cache->rows();
                 task.nope = task.value = 128;
                 task.kv_b = weights.w;
                 task.packed = weights.packed;
                 task.scales = weights.scales;
                 task.scale = 0.01F;
                 task.state = state->out[0];
                 task.scratch = scratch->As<float>().data();
                 t.dense_mla(task);
               };
               return work;
             });
  }
}

void RegisterIndexScores(const KernelTable& table) {
  for (const CacheType type : {CacheType::kF32, CacheType::kBF16, CacheType::kFP8}) {
    for (const int64_t heads : {4, 64}) {
      for (const int64_t rows : {1, 8}) {
        Register("index_scores/" + std::string(table.name) + "/" + std::string(Name(type)) +
                     "/heads:" + std::to_string(heads) + "/rows:" + std::to_string(rows),
                 table, [=](const KernelTable& t) {
                   constexpr int64_t kTokens = 8192;
                   auto cache = std::make_shared<Cache>(t, type, kTokens);
                   auto query = std::make_shared<Rows>(rows, heads * 128);
                   auto weights = std::make_shared<Rows>(rows, heads);
                   auto scores = std::make_shared<Rows>(rows, kTokens);
                   auto scratch =
                       std::make_shared<AlignedBuffer>(Memory(IndexScoresScratch(128) * 4));
                   Work work;
                   work.flops = 2.0 * static_cast<double>(rows * heads * 128 * kTokens);
                   work.bytes = static_cast<double>(kTokens * cache->layout.IndexKeyBytes());
                   work.run = [=, &t] {
                     IndexScoresTask task = {};
                     task.query = query->in.data();
                     task.weights = weights->in.data();
                     task.weight_scale = 0.1F;
                     task.rows = rows;
                     task.heads = heads;
                     task.cache = cache->rows();
                     task.page_end = kTokens / 64;
                     task.scores = scores->out.data();
                     task.scratch = scratch->As<float>().data();
                     t.index_scores(task);
                   };
                   return work;
                 });
      }
    }
  }
}

void RegisterTopK(const KernelTable& table) {
  for (const int64_t count : {4096, 131072}) {
    for (const int64_t k : {512, 2048}) {
      Register("top_k/" + std::string(table.name) + "/count:" + std::to_string(count) +
                   "/k:" + std::to_string(k),
               table, [=](const KernelTable& t) {
                 auto scores = std::make_shared<Rows>(1, count);
                 auto selected = std::make_shared<std::vector<int32_t>>(static_cast<size_t>(k));
                 auto scratch = std::make_shared<std::vector<uint32_t>>(kTopKScratch);
                 Work work;
                 work.elements = static_cast<double>(count);
                 work.run = [=, &t] {
                   t.top_k({scores->in[0], count, k, selected->data(), scratch->data()});
                 };
                 return work;
               });
    }
  }
}

// Everything that passes once over a row, at the real model's hidden size.
constexpr int64_t kN = 7168;

void RegisterRowKernels(const KernelTable& table) {
  using Call = std::function<void(const KernelTable&, float*, float*, float*, float*)>;
  const std::vector<std::pair<std::string, Call>> calls = {
      {"rms_norm",
       [](auto& t, float* a, float* b, float*, float* out) { t.rms_norm(a, b, 1e-6F, kN, out); }},
      {"add_rms_norm", [](auto& t, float* a, float* b, float* c,
                          float* out) { t.add_rms_norm(a, c, b, 1e-6F, kN, out); }},
      {"layer_norm", [](auto& t, float* a, float* b, float* c,
                        float* out) { t.layer_norm(a, b, c, 1e-6F, kN, out); }},
      {"swiglu", [](auto& t, float* a, float* b, float*, float* out) { t.swiglu(a, b, kN, out); }},
      {"sigmoid", [](auto& t, float* a, float*, float*, float* out) { t.sigmoid(a, kN, out); }},
      {"add", [](auto& t, float* a, float* b, float*, float*) { t.add(a, b, kN); }},
      {"add_scaled",
       [](auto& t, float* a, float* b, float*, float*) { t.add_scaled(a, b, 1e-6F, kN); }},
      {"rope_interleaved_64",
       [](auto& t, float* a, float* b, float*, float*) {
         for (int64_t i = 0; i < kN; i += 64) t.rope_interleaved(a + i, b, 64);
       }},
      {"rope_half_64",
       [](auto& t, float* a, float* b, float*, float*) {
         for (int64_t i = 0; i < kN; i += 64) t.rope_half(a + i, b, 64);
       }},
      {"hadamard_128",
       [](auto& t, float* a, float*, float*, float*) {
         for (int64_t i = 0; i < kN; i += 128) t.hadamard(a + i, 128);
       }},
      {"pack_bf16", [](auto& t, float* a, float*, float*, float* out) {
         t.pack_bf16(a, kN, reinterpret_cast<uint16_t*>(out));
       }}};
  for (const auto& [name, call] : calls) {
    Register(
        "rows/" + std::string(table.name) + "/" + name, table, [call = call](const KernelTable& t) {
          auto rows = std::make_shared<Rows>(4, kN);
          Work work;
          work.elements = kN;
          work.run = [=, &t] { call(t, rows->out[0], rows->out[1], rows->out[2], rows->out[3]); };
          return work;
        });
  }
  for (const CacheType type : {CacheType::kF32, CacheType::kBF16, CacheType::kFP8}) {
    Register("rows/" + std::string(table.name) + "/write_latent_" + std::string(Name(type)), table,
             [=](const KernelTable& t) {
               auto rows = std::make_shared<Rows>(2, 1024);
               Work work;
               work.elements = 576;
               work.run = [=, &t] {
                 t.write_latent(rows->in[0], 512, 64, static_cast<uint8_t>(type),
                                reinterpret_cast<std::byte*>(rows->out[1]));
               };
               return work;
             });
  }
}

// What it costs to hand a loop to the workers and get it back, the work being nothing.
void ThreadPoolHandOver(benchmark::State& state) {
  ThreadPool pool(static_cast<int>(state.range(0)));
  for (auto _ : state) pool.Run(pool.threads(), [](int64_t, int) {});
}
BENCHMARK(ThreadPoolHandOver)->Arg(1)->Arg(2)->Arg(4)->UseRealTime();

void RegisterAll() {
  for (const int lanes : {4, 8, 16}) {
    const bool runs = std::any_of(SupportedKernels().begin(), SupportedKernels().end(),
                                  [&](const KernelTable* table) { return table->lanes == lanes; });
    if (!runs) continue;
    benchmark::AddCustomContext("f32 multiply-add peak, " + std::to_string(lanes) + " lanes",
                                std::to_string(CorePeakFlops(lanes) * 1e-9) + " GFLOP/s");
  }
  benchmark::AddCustomContext("memory read peak",
                              std::to_string(CorePeakReadBytes() * 1e-9) + " GB/s");
  for (const KernelTable* table : SupportedKernels()) {
    RegisterLinear(*table);
    RegisterAbsorb(*table);
    RegisterSparseMla(*table);
    RegisterDenseMla(*table);
    RegisterIndexScores(*table);
    RegisterTopK(*table);
    RegisterRowKernels(*table);
  }
}

}  // namespace
}  // namespace fathom

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  fathom::RegisterAll();
  benchmark::RunSpecifiedBenchmarks();
}
