// The steps of the tokenizer by themselves, with the small model's tokenizer and the sources of
// this repository as text. The comparison with another implementation is bench/tokenizer/run.sh.
#include "tokenizer/tokenizer.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/mapped_file.h"
#include "tokenizer/pre_split.h"
#include "tokenizer/stream_decoder.h"

namespace fathom {
namespace {

constexpr const char* kFile = FATHOM_SOURCE_DIR "/models/fathom-nano/tokenizer.json";

const Tokenizer& Nano() {
  static const Tokenizer tokenizer = [] {
    auto loaded = Tokenizer::Load(kFile);
    FATHOM_CHECK(loaded.ok(), "{}", loaded.status().message());
    return std::move(loaded).value();
  }();
  return tokenizer;
}

const std::string& Sources() {
  static const std::string text = [] {
    std::vector<std::string> paths;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(FATHOM_SOURCE_DIR "/src")) {
      if (entry.path().extension() == ".cc") paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    std::string all;
    for (const std::string& path : paths) {
      const auto file = ReadFile(path, size_t{1} << 24);
      FATHOM_CHECK(file.ok(), "{}", file.status().message());
      all += *file;
    }
    return all;
  }();
  return text;
}

void CountBytes(benchmark::State& state, size_t bytes) {
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes));
}

void BM_Load(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Tokenizer::Load(kFile).ok());
}
BENCHMARK(BM_Load)->Unit(benchmark::kMillisecond);

void BM_PreSplit(benchmark::State& state) {
  const std::string& text = Sources();
  for (auto _ : state) {
    PieceScanner scanner(text);
    size_t pieces = 0;
    while (!scanner.Next().empty()) ++pieces;
    benchmark::DoNotOptimize(pieces);
  }
  CountBytes(state, text.size());
}
BENCHMARK(BM_PreSplit)->Unit(benchmark::kMillisecond);

void BM_Encode(benchmark::State& state) {
  const std::string& text = Sources();
  for (auto _ : state) benchmark::DoNotOptimize(Nano().Encode(text).data());
  CountBytes(state, text.size());
}
BENCHMARK(BM_Encode)->Unit(benchmark::kMillisecond);

// The first text of a tokenizer finds an empty cache.
void BM_EncodeCold(benchmark::State& state) {
  const std::string& text = Sources();
  for (auto _ : state) {
    state.PauseTiming();
    auto tokenizer = Tokenizer::Load(kFile);
    state.ResumeTiming();
    benchmark::DoNotOptimize(tokenizer->Encode(text).data());
  }
  CountBytes(state, text.size());
}
BENCHMARK(BM_EncodeCold)->Unit(benchmark::kMillisecond);

// One piece without end: the heap.
void BM_EncodeOneLetter(benchmark::State& state) {
  const std::string text(static_cast<size_t>(state.range(0)), 'a');
  for (auto _ : state) benchmark::DoNotOptimize(Nano().Encode(text).data());
  CountBytes(state, text.size());
}
BENCHMARK(BM_EncodeOneLetter)->Range(1 << 12, 1 << 20)->Unit(benchmark::kMillisecond);

void BM_StreamDecode(benchmark::State& state) {
  const std::vector<int32_t> ids = Nano().Encode(Sources());
  for (auto _ : state) {
    StreamDecoder decoder(Nano().vocabulary());
    for (const int32_t id : ids) benchmark::DoNotOptimize(decoder.Push(id).size());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(ids.size()));
}
BENCHMARK(BM_StreamDecode)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fathom
