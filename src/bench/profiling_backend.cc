#include "bench/profiling_backend.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace fathom {
namespace {

// In the order of ProfilingBackend::Row.
constexpr std::array<std::string_view, 17> kNames = {"embedding",
                                                     "norms",
                                                     "rope",
                                                     "hadamard",
                                                     "cache writes",
                                                     "index scores",
                                                     "top-k",
                                                     "absorb queries",
                                                     "sparse attention",
                                                     "project values",
                                                     "multi-head attention",
                                                     "route experts",
                                                     "experts",
                                                     "swiglu",
                                                     "add",
                                                     "gather rows",
                                                     "linear (unnamed)"};

// Weights that fast mode multiplies with activations rounded to bf16, where the kernels can.
bool MayRound(const MatrixView& w) { return w.dtype == DType::kBF16 || w.dtype == DType::kF8E4M3; }

}  // namespace

std::string MatrixLabel(const std::string& tensor) {
  std::string_view name = tensor;
  const auto drop = [&name](std::string_view prefix) {
    if (!name.starts_with(prefix)) return false;
    name.remove_prefix(prefix.size());
    return true;
  };
  drop("model.");
  if (drop("layers.")) name.remove_prefix(std::min(name.size(), name.find('.') + 1));
  drop("self_attn.");
  if (constexpr std::string_view kSuffix = ".weight"; name.ends_with(kSuffix)) {
    name.remove_suffix(kSuffix.size());
  }
  return std::string(name);
}

ProfilingBackend::ProfilingBackend(std::unique_ptr<Backend> inner, const Checkpoint& checkpoint)
    : inner_(std::move(inner)) {
  static_assert(kNames.size() == kRows, "a name for every row");
  for (const std::string_view name : kNames) totals_.push_back({.name = std::string(name)});
  std::unordered_map<std::string, size_t> rows;
  for (const StoredTensor& tensor : checkpoint.tensors.tensors()) {
    const auto [row, added] = rows.emplace(MatrixLabel(tensor.name), totals_.size());
    if (added) totals_.push_back({.name = "linear " + row->first});
    row_of_matrix_.emplace(tensor.view.data, row->second);
  }
}

std::vector<OperationTotals> ProfilingBackend::Totals() const {
  std::vector<OperationTotals> called;
  for (const OperationTotals& totals : totals_) {
    if (totals.calls > 0) called.push_back(totals);
  }
  return called;
}

void ProfilingBackend::Reset() {
  for (OperationTotals& totals : totals_) {
    totals.calls = 0;
    totals.seconds = 0;
    totals.cost = {};
  }
}

void ProfilingBackend::Linear(const LinearParams& params) {
  const auto found = row_of_matrix_.find(params.w.data);
  const size_t row = found == row_of_matrix_.end() ? size_t{kUnknownMatrix} : found->second;
  totals_[row].rounds = params.accuracy == LinearParams::Accuracy::kModel && MayRound(params.w);
  Time(row, &Backend::Linear, params);
}

void ProfilingBackend::Embed(const EmbedParams& p) { Time(kEmbed, &Backend::Embed, p); }
void ProfilingBackend::RmsNorm(const RmsNormParams& p) { Time(kNorms, &Backend::RmsNorm, p); }
void ProfilingBackend::AddRmsNorm(const AddRmsNormParams& p) {
  Time(kNorms, &Backend::AddRmsNorm, p);
}
void ProfilingBackend::LayerNorm(const LayerNormParams& p) { Time(kNorms, &Backend::LayerNorm, p); }
void ProfilingBackend::Rope(const RopeParams& p) { Time(kRope, &Backend::Rope, p); }
void ProfilingBackend::Hadamard(const HadamardParams& p) { Time(kHadamard, &Backend::Hadamard, p); }
void ProfilingBackend::WriteLatents(const WriteLatentsParams& p) {
  Time(kCacheWrites, &Backend::WriteLatents, p);
}
void ProfilingBackend::WriteIndexKeys(const WriteIndexKeysParams& p) {
  Time(kCacheWrites, &Backend::WriteIndexKeys, p);
}
void ProfilingBackend::IndexScores(const IndexScoresParams& p) {
  Time(kIndexScores, &Backend::IndexScores, p);
}
void ProfilingBackend::TopK(const TopKParams& p) { Time(kTopK, &Backend::TopK, p); }
void ProfilingBackend::AbsorbQueries(const AbsorbQueriesParams& p) {
  Time(kAbsorb, &Backend::AbsorbQueries, p);
}
void ProfilingBackend::SparseMla(const SparseMlaParams& p) {
  Time(kSparse, &Backend::SparseMla, p);
}
void ProfilingBackend::ProjectValues(const ProjectValuesParams& p) {
  Time(kProjectValues, &Backend::ProjectValues, p);
}
void ProfilingBackend::DenseMla(const DenseMlaParams& p) {
  Time(kMultiHead, &Backend::DenseMla, p);
}
void ProfilingBackend::RouteExperts(const RouteExpertsParams& p) {
  Time(kRoute, &Backend::RouteExperts, p);
}
void ProfilingBackend::Experts(const ExpertsParams& p) {
  totals_[kExperts].rounds = MayRound(p.weights_of[0].gate);
  Time(kExperts, &Backend::Experts, p);
}
void ProfilingBackend::SwiGlu(const SwiGluParams& p) { Time(kSwiGlu, &Backend::SwiGlu, p); }
void ProfilingBackend::Add(const AddParams& p) { Time(kAdd, &Backend::Add, p); }
void ProfilingBackend::GatherRows(const GatherRowsParams& p) {
  Time(kGather, &Backend::GatherRows, p);
}

}  // namespace fathom
