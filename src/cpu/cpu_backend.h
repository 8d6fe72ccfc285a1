// Backend on host memory: cuts every operation into pieces, hands them to the thread pool, and lets
// the kernels of one instruction set do the arithmetic.
//
// A piece never shares an output element with another, and no sum is cut by pieces, so results do
// not depend on threads or cuts (backend.h). Operations have finished when their call returns.
// Threads: one at a time calls in; the pool is the backend's own.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "base/aligned_buffer.h"
#include "base/status.h"
#include "cpu/kernels/kernel_table.h"
#include "parallel/partition.h"
#include "parallel/thread_pool.h"

namespace fathom {

// Below this many floats touched, a loop is not worth handing over (about 4 µs of work).
inline constexpr int64_t kHandOverFloats = 8192;

struct CpuOptions {
  Numerics numerics = Numerics::kFast;
  int threads = 0;  // 0: every core this process may use
  std::string isa;  // a table's name; empty: FATHOM_ISA, or the best this machine runs
};

// The largest step that is to come.
struct CpuWorkload {
  int64_t tokens = 0;
  int64_t hidden_size = 0;
  int64_t widest_input = 0;                         // columns of the widest matrix
  int64_t experts_per_token = 0, expert_inner = 0;  // 0 without experts
};

class CpuBackend : public Backend {
 public:
  // kInvalidArgument for an instruction set this machine lacks.
  static Result<std::unique_ptr<CpuBackend>> Create(const CpuOptions& options);

  // What the backend will take for itself, beside what it is asked to allocate: experts'
  // activations and inputs rounded to bf16. (Each thread has a megabyte or two more.)
  static int64_t WorkspaceBytes(const CpuWorkload& workload);
  // What of that it holds by now.
  int64_t held_bytes() const { return static_cast<int64_t>(expert_floats_.size() + bf16_.size()); }

  std::string Name() const override;
  Numerics numerics() const override { return numerics_; }
  Result<Buffer> Allocate(size_t bytes) override;
  void Wait() override {}

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

  WorkCounters counters() const override { return counters_; }
  void ResetCounters() override { counters_ = {}; }

 protected:
  // What one thread needs for a piece; grows at first use and then stays.
  struct Worker {
    AlignedBuffer floats;
    std::vector<const float*> inputs;
    std::vector<const uint16_t*> inputs_bf16;
    std::vector<float*> outputs;
  };

  CpuBackend(const KernelTable& kernels, Numerics numerics, int threads);

  // Calls body(row) for every row: on this thread when all of it is less work than a hand-over.
  template <typename Body>
  void ForRows(int64_t rows, int64_t floats_per_row, Body&& body);

  // Makes sure that every worker has `floats` floats of scratch.
  void NeedScratch(int64_t floats);
  float* Scratch(int worker) const {
    return workers_[static_cast<size_t>(worker)].floats.As<float>().data();
  }
  Worker& WorkerOf(int worker) { return workers_[static_cast<size_t>(worker)]; }

  const KernelTable& kernels() const { return kernels_; }
  ThreadPool& pool() { return pool_; }

  // The cache as a kernel sees it on behalf of a row.
  static CacheRows CacheOf(const LayerCache& cache, const StepRows& rows, int64_t row);
  // Runs of listed rows that belong to one sequence, as ranges of `which`.
  static std::vector<Range> SequenceRuns(const StepRows& rows, std::span<const int32_t> which);
  // Counts what attention of the listed rows reads: counts[row] cached rows each, or with null all
  // that they see.
  void CountAttention(const StepRows& rows, std::span<const int32_t> which, const int32_t* counts,
                      bool dense);

  // What a numeric mode does to an expert's outputs, part of a row at a time, and to its inputs.
  virtual void RoundOutputs(float*, int64_t) const {}
  virtual void QuantizeInputs(const BufferView&, const MatrixView&) {}

  // out rows = x rows · wᵀ for outputs [n_begin, n_end); output n goes to column n - origin.
  // x_bf16 is null unless the products run in bf16.
  struct LinearRows {
    const float* const* x;
    const uint16_t* const* x_bf16;
    float* const* y;
    int64_t rows;
    int64_t n_begin, n_end, origin;
  };
  void LinearPiece(const MatrixView& w, const LinearRows& rows, int worker);

 private:
  void SparseRows(const SparseMlaParams& params, const Range& range, int64_t parts);

  // Whether products with `w` run in bf16.
  bool UsesBF16(const MatrixView& w) const;

  static void SetWeights(const MatrixView& w, LinearTask* task);

  // Rows of x in bf16, packed into bf16_; used until the next call.
  const uint16_t* PackRows(const BufferView& x);

  // Fills expert_pieces_ for a pass over `outputs` outputs of every expert that has slots.
  void CutExperts(int64_t experts, int64_t outputs);

  const KernelTable& kernels_;
  const Numerics numerics_;
  ThreadPool pool_;
  std::vector<Worker> workers_;
  AlignedBuffer bf16_;
  AlignedBuffer expert_floats_;
  WorkCounters counters_;

  // Lists that operations build before they run; kept so that nothing is allocated per step.
  std::vector<const float*> x_rows_;
  std::vector<const uint16_t*> x_bf16_rows_;
  std::vector<float*> y_rows_;
  std::vector<float> state_;
  std::vector<float> attention_parts_;  // of one SparseRows
  struct IndexPiece {
    int64_t row, rows, page_begin, page_end;
  };
  std::vector<IndexPiece> index_pieces_;
  struct ExpertPiece {
    int64_t expert, begin, end;  // slots [begin, end) of expert_slots_
    int64_t n_begin, n_end;
  };
  std::vector<ExpertPiece> expert_pieces_;
  std::vector<int32_t> expert_slots_, expert_begin_, expert_next_;
};

template <typename Body>
void CpuBackend::ForRows(int64_t rows, int64_t floats_per_row, Body&& body) {
  const int64_t per_piece =
      std::max<int64_t>(1, kHandOverFloats / std::max<int64_t>(1, floats_per_row));
  const int64_t grain = std::max(per_piece, GrainFor(rows, 1, pool_.threads()));
  pool_.Run(CeilDiv(rows, grain), [&](int64_t piece, int) {
    const Range range = Piece(rows, grain, piece);
    for (int64_t row = range.begin; row < range.end; ++row) body(row);
  });
}

}  // namespace fathom
