#include "cpu/official_backend.h"

#include <cmath>
#include <cstring>

#include "quant/fp8_block.h"

namespace fathom {
namespace {

bool ScalesArePowersOfTwo(const MatrixView& w) {
  for (int64_t r = 0; r < w.row_blocks(); ++r) {
    for (int64_t c = 0; c < w.col_blocks(); ++c) {
      int exponent;
      if (std::abs(std::frexp(w.ScaleAt(r, c), &exponent)) != 0.5F) return false;
    }
  }
  return true;
}

}  // namespace

void OfficialBackend::RoundRows(const BufferView& x) {
  ForRows(x.rows, x.cols, [&](int64_t row) { kernels().round_bf16(x.row<float>(row), x.cols); });
}

void OfficialBackend::QuantizeInputs(const BufferView& x, const MatrixView& w) {
  if (w.dtype != DType::kF8E4M3) return;  // a bf16 layer takes its inputs as they are
  ForRows(x.rows, x.cols * 4, [&](int64_t row) { kernels().act_quant(x.row<float>(row), x.cols); });
}

BufferView OfficialBackend::Quantized(const BufferView& x, const MatrixView& w) {
  if (w.dtype != DType::kF8E4M3) return x;
  const auto bytes = static_cast<size_t>(x.rows * x.cols) * sizeof(float);
  if (quantized_.size() < bytes) {
    Result<AlignedBuffer> memory = AlignedBuffer::Allocate(bytes);
    FATHOM_CHECK(memory.ok(), "quantised activations: {}", memory.status().message());
    quantized_ = std::move(memory).value();
  }
  const BufferView copy = {quantized_.data(), DType::kF32, x.rows, x.cols, x.cols};
  for (int64_t r = 0; r < x.rows; ++r) {
    std::memcpy(copy.row<float>(r), x.row<float>(r), static_cast<size_t>(x.cols) * sizeof(float));
  }
  QuantizeInputs(copy, w);
  return copy;
}

void OfficialBackend::Embed(const EmbedParams& p) {
  CpuBackend::Embed(p);
  RoundRows(p.out);
}

void OfficialBackend::RmsNorm(const RmsNormParams& p) {
  CpuBackend::RmsNorm(p);
  RoundRows(p.out);
}

// The sum is normed before it is rounded (spec 3.1).
void OfficialBackend::AddRmsNorm(const AddRmsNormParams& p) {
  CpuBackend::AddRmsNorm(p);
  RoundRows(p.residual);
  RoundRows(p.out);
}

void OfficialBackend::LayerNorm(const LayerNormParams& p) {
  CpuBackend::LayerNorm(p);
  RoundRows(p.out);
}

void OfficialBackend::Linear(const LinearParams& p) {
  if (p.accuracy == LinearParams::Accuracy::kExact) {
    CpuBackend::Linear(p);
    return;
  }
  LinearParams rounded = p;
  rounded.x = Quantized(p.x, p.w);
  CpuBackend::Linear(rounded);
  RoundRows(p.out);
}

void OfficialBackend::Rope(const RopeParams& p) {
  CpuBackend::Rope(p);
  RoundRows(p.x);
}

// The official code quantises right after the transform. Keys are quantised again when they are
// written to the cache, which changes nothing: they are e4m3 times a power of two already.
void OfficialBackend::Hadamard(const HadamardParams& p) {
  CpuBackend::Hadamard(p);
  ForRows(p.x.rows, p.x.cols * 4, [&](int64_t row) {
    float* x = p.x.row<float>(row);
    kernels().round_bf16(x, p.x.cols);
    kernels().act_quant(x, p.x.cols);
  });
}

MatrixView OfficialBackend::InBF16(const MatrixView& w) {
  if (!w.scaled() || ScalesArePowersOfTwo(w)) return w;
  AlignedBuffer& copy = bf16_weights_[w.data];
  MatrixView view = w;
  view.dtype = DType::kBF16;
  view.scales = nullptr;
  if (copy.size() == 0) {
    Result<AlignedBuffer> memory =
        AlignedBuffer::Allocate(static_cast<size_t>(w.rows * w.cols) * sizeof(uint16_t));
    FATHOM_CHECK(memory.ok(), "weights in bf16: {}", memory.status().message());
    copy = std::move(memory).value();
    NeedScratch(w.cols);
    pool().Run(w.rows, [&](int64_t row, int worker) {
      DequantizeRow(w, row, Scratch(worker));
      kernels().pack_bf16(Scratch(worker), w.cols, copy.As<uint16_t>().data() + row * w.cols);
    });
  }
  view.data = copy.data();
  return view;
}

void OfficialBackend::AbsorbQueries(const AbsorbQueriesParams& p) {
  AbsorbQueriesParams rounded = p;
  rounded.kv_b = InBF16(p.kv_b);
  CpuBackend::AbsorbQueries(rounded);
  RoundRows(p.out);
}

void OfficialBackend::ProjectValues(const ProjectValuesParams& p) {
  ProjectValuesParams rounded = p;
  rounded.kv_b = InBF16(p.kv_b);
  CpuBackend::ProjectValues(rounded);
  for (const int32_t row : p.which) kernels().round_bf16(p.out.row<float>(row), p.out.cols);
}

// The weighted sum stays f32: the official code rounds it after the shared expert is added.
void OfficialBackend::Experts(const ExpertsParams& p) {
  ExpertsParams rounded = p;
  rounded.x = Quantized(p.x, p.weights_of[0].gate);
  CpuBackend::Experts(rounded);
}

void OfficialBackend::SwiGlu(const SwiGluParams& p) {
  CpuBackend::SwiGlu(p);
  RoundRows(p.out);
}

void OfficialBackend::Add(const AddParams& p) {
  CpuBackend::Add(p);
  RoundRows(p.x);
}

}  // namespace fathom
