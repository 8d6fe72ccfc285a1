// Bytes a second of what touches every weight: random weights, the scan for NaN, the exact decoder;
// and how long the headers of a checkpoint take.
#include <benchmark/benchmark.h>

#include <vector>

#include "checkpoint/checkpoint.h"
#include "checkpoint/random_weights.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/safetensors_writer.h"
#include "checkpoint/tensor_names.h"
#include "checkpoint/weight_check.h"
#include "quant/fp8_block.h"

namespace fathom {
namespace {

constexpr int64_t kRows = 2048, kCols = 7168;  // an expert's gate_proj

TensorSpec Expert() {
  return {.name = "model.layers.3.mlp.experts.0.gate_proj.weight",
          .kind = TensorKind::kExpert,
          .storage = Storage::kMatrix,
          .shape = {kRows, kCols}};
}

std::vector<std::byte> Filled(DType type) {
  std::vector<std::byte> bytes(static_cast<size_t>(kRows * kCols * Bytes(type)));
  RandomWeights(Expert(), type, 1).Fill(0, kRows * kCols, bytes.data());
  return bytes;
}

void SetBytes(benchmark::State& state, size_t bytes) {
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes));
}

void BM_RandomWeights(benchmark::State& state) {
  const auto type = static_cast<DType>(state.range(0));
  std::vector<std::byte> bytes = Filled(type);
  const RandomWeights weights(Expert(), type, 1);
  for (auto _ : state) weights.Fill(0, kRows * kCols, bytes.data());
  SetBytes(state, bytes.size());
  state.SetLabel(std::string(Name(type)));
}
BENCHMARK(BM_RandomWeights)
    ->Arg(static_cast<int>(DType::kF8E4M3))
    ->Arg(static_cast<int>(DType::kBF16))
    ->Arg(static_cast<int>(DType::kF32));

void BM_CheckFinite(benchmark::State& state) {
  const auto type = static_cast<DType>(state.range(0));
  const std::vector<std::byte> bytes = Filled(type);
  const TensorSource source;
  const StoredTensor tensor{"w", {bytes.data(), type, {kRows, kCols}}, 0};
  for (auto _ : state) {
    if (!CheckFinite(source, tensor).ok()) state.SkipWithError("a weight is no number");
  }
  SetBytes(state, bytes.size());
  state.SetLabel(std::string(Name(type)));
}
BENCHMARK(BM_CheckFinite)
    ->Arg(static_cast<int>(DType::kF8E4M3))
    ->Arg(static_cast<int>(DType::kBF16))
    ->Arg(static_cast<int>(DType::kF32));

void BM_DequantizeRows(benchmark::State& state) {
  const std::vector<std::byte> bytes = Filled(DType::kF8E4M3);
  std::vector<float> scales(static_cast<size_t>(ScaleShape({kRows, kCols}).elements()));
  RandomWeights(Expert(), DType::kF8E4M3, 1).FillScales(ScaleShape({kRows, kCols}), scales.data());
  const MatrixView view{.data = bytes.data(),
                        .dtype = DType::kF8E4M3,
                        .rows = kRows,
                        .cols = kCols,
                        .scales = scales.data()};
  std::vector<float> out(kCols);
  for (auto _ : state) {
    for (int64_t row = 0; row < kRows; ++row) DequantizeRow(view, row, out.data());
    benchmark::DoNotOptimize(out.data());
  }
  SetBytes(state, bytes.size());
}
BENCHMARK(BM_DequantizeRows);

// One shard of the published model: 570 tensors.
void BM_ParseHeader(benchmark::State& state) {
  std::vector<PlannedTensor> planned;
  for (int i = 0; i < 285; ++i) {
    const std::string name = fmt::format("model.layers.3.mlp.experts.{}.gate_proj.weight", i);
    planned.push_back({name, DType::kF8E4M3, {0, kCols}});
    planned.push_back({ScaleName(name), DType::kF32, {0, kCols / 128}});
  }
  const std::string preamble = SafetensorsPreamble(planned);
  const std::span file(reinterpret_cast<const uint8_t*>(preamble.data()), preamble.size());
  for (auto _ : state) {
    if (!ParseSafetensors(file).ok()) state.SkipWithError("refused");
  }
  SetBytes(state, preamble.size());
}
BENCHMARK(BM_ParseHeader);

}  // namespace
}  // namespace fathom
