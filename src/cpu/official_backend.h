// The CPU backend with the rounding of DeepSeek's own inference code (spec 3.1, 6): every result is
// rounded to bf16 where that code stores a bf16 tensor, inputs of FP8 layers to e4m3 in blocks of
// 128 with power-of-two scales, index queries and keys likewise, scores and probabilities to bf16.
//
// Values are kept as f32 that hold a bf16 number, so everything between stays as it is. Sums are
// f32 in the order of the kernels, which is not the order of a GPU: a result that lies between two
// bf16 numbers can round the other way. docs/numerics.md has the list of rounding points.
//
// This is a mode for checking, not for speed: attention runs over gathered rows without the fused
// kernels.
#pragma once

#include <map>

#include "cpu/cpu_backend.h"

namespace fathom {

class OfficialBackend final : public CpuBackend {
 public:
  OfficialBackend(const KernelTable& kernels, int threads)
      : CpuBackend(kernels, Numerics::kOfficial, threads) {}

  // What it takes beside CpuBackend::WorkspaceBytes: a copy of rounded inputs, and for every thread
  // the expanded keys and values of a head (head_dims floats a token) with 16 rows of scores.
  static int64_t ExtraBytes(const CpuWorkload& workload, int threads, int64_t context,
                            int64_t head_dims) {
    return (workload.tokens * workload.widest_input + threads * context * (head_dims + 16)) *
           int64_t{sizeof(float)};
  }

  void Embed(const EmbedParams& params) override;
  void RmsNorm(const RmsNormParams& params) override;
  void AddRmsNorm(const AddRmsNormParams& params) override;
  void LayerNorm(const LayerNormParams& params) override;
  void Linear(const LinearParams& params) override;
  void Rope(const RopeParams& params) override;
  void Hadamard(const HadamardParams& params) override;
  void AbsorbQueries(const AbsorbQueriesParams& params) override;
  void SparseMla(const SparseMlaParams& params) override;
  void ProjectValues(const ProjectValuesParams& params) override;
  void DenseMla(const DenseMlaParams& params) override;
  void Experts(const ExpertsParams& params) override;
  void SwiGlu(const SwiGluParams& params) override;
  void Add(const AddParams& params) override;

 protected:
  void RoundOutputs(float* y, int64_t n) const override { kernels().round_bf16(y, n); }
  void QuantizeInputs(const BufferView& x, const MatrixView& w) override;

 private:
  // One head's keys [L, nope + rope] and values [L, value], rounded as tensors of the official
  // code.
  struct Expanded {
    float* keys;
    float* values;
  };
  void Expand(const DenseMlaParams& params, int64_t row, int64_t head, int64_t length,
              const Expanded& out, int worker);

  void RoundRows(const BufferView& x);
  // x itself, or for weights in e4m3 a rounded copy that holds until the next call.
  BufferView Quantized(const BufferView& x, const MatrixView& w);

  // The absorbed form reads kv_b in bf16: the same numbers where scales are powers of two, as in
  // every DeepSeek-V3.2 file, else a copy that is made at first use and kept.
  MatrixView InBF16(const MatrixView& w);

  AlignedBuffer quantized_;
  std::map<const void*, AlignedBuffer> bf16_weights_;  // by the matrix's data
};

}  // namespace fathom
