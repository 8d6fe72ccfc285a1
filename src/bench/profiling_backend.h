// A backend that times every operation of another one.
//
// It forwards each call unchanged, so what is computed is the same to the last bit; who does not
// ask for a profile runs without it. Products with a weight matrix are told apart by the matrix,
// whatever the layer. Devices that queue their operations are waited for after each.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "backend/backend.h"
#include "base/clock.h"
#include "bench/operation_cost.h"
#include "checkpoint/checkpoint.h"

namespace fathom {

struct OperationTotals {
  std::string name;  // "sparse attention", "linear q_a_proj"
  int64_t calls = 0;
  double seconds = 0;
  Cost cost = {};
  bool rounds = false;  // its products may be bf16 in fast mode
};

// "q_a_proj" for "model.layers.3.self_attn.q_a_proj.weight": the matrix without its layer.
std::string MatrixLabel(const std::string& tensor);

// Threads: as the backend's.
class ProfilingBackend final : public Backend {
 public:
  // The checkpoint, whose tensors give matrices their names, is read here and not kept.
  ProfilingBackend(std::unique_ptr<Backend> inner, const Checkpoint& checkpoint);

  // Whether operations are added up from now on; they are from the start.
  void SetCounting(bool on) { counting_ = on; }
  // Operations that were counted since the last Reset, in no order that matters.
  std::vector<OperationTotals> Totals() const;
  void Reset();

  std::string Name() const override { return inner_->Name(); }
  Numerics numerics() const override { return inner_->numerics(); }
  Result<Buffer> Allocate(size_t bytes) override { return inner_->Allocate(bytes); }
  void Wait() override { inner_->Wait(); }

  void Embed(const EmbedParams& params) override;
  void RmsNorm(const RmsNormParams& params) override;
  void AddRmsNorm(const AddRmsNormParams& params) override;
  void LayerNorm(const LayerNormParams& params) override;
  void Linear(const LinearParams& params) override;
  void Rope(const RopeParams& params) override;
  void Hadamard(const HadamardParams& params) override;
  void WriteLatents(const WriteLatentsParams& params) override;
  void WriteIndexKeys(const WriteIndexKeysParams& params) override;
  void IndexScores(const IndexScoresParams& params) override;
  void TopK(const TopKParams& params) override;
  void AbsorbQueries(const AbsorbQueriesParams& params) override;
  void SparseMla(const SparseMlaParams& params) override;
  void ProjectValues(const ProjectValuesParams& params) override;
  void DenseMla(const DenseMlaParams& params) override;
  void RouteExperts(const RouteExpertsParams& params) override;
  void Experts(const ExpertsParams& params) override;
  void SwiGlu(const SwiGluParams& params) override;
  void Add(const AddParams& params) override;
  void GatherRows(const GatherRowsParams& params) override;

  WorkCounters counters() const override { return inner_->counters(); }
  void ResetCounters() override { inner_->ResetCounters(); }

 private:
  // A row of the profile per kind of operation; rows of matrices stand behind them.
  enum Row : size_t {
    kEmbed,
    kNorms,
    kRope,
    kHadamard,
    kCacheWrites,
    kIndexScores,
    kTopK,
    kAbsorb,
    kSparse,
    kProjectValues,
    kMultiHead,
    kRoute,
    kExperts,
    kSwiGlu,
    kAdd,
    kGather,
    kUnknownMatrix,
    kRows,
  };

  template <typename Params>
  void Time(size_t row, void (Backend::*operation)(const Params&), const Params& params) {
    const Stopwatch watch;
    (inner_.get()->*operation)(params);
    inner_->Wait();
    if (!counting_) return;
    OperationTotals& totals = totals_[row];
    totals.seconds += watch.seconds();
    ++totals.calls;
    totals.cost += CostOf(params);
  }

  std::unique_ptr<Backend> inner_;
  bool counting_ = true;
  std::vector<OperationTotals> totals_;
  std::unordered_map<const void*, size_t> row_of_matrix_;  // by the address of its elements
};

}  // namespace fathom
