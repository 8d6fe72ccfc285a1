#include "cpu/cpu_backend.h"

#include <algorithm>
#include <cstring>

#include "cpu/kernels/dispatch.h"
#include "cpu/official_backend.h"
#include "parallel/partition.h"
#include "parallel/topology.h"

namespace fathom {
namespace {

Packed PackedOf(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return Packed::kF32;
    case DType::kF16:
      return Packed::kF16;
    case DType::kBF16:
      return Packed::kBF16;
    case DType::kF8E4M3:
      return Packed::kE4M3;
    default:
      FATHOM_CHECK(false, "weights of type {}", Name(dtype));
  }
}

}  // namespace

Result<std::unique_ptr<CpuBackend>> CpuBackend::Create(const CpuOptions& options) {
  FATHOM_ASSIGN_OR_RETURN(const KernelTable* kernels, options.isa.empty()
                                                          ? ChooseKernelsFromEnvironment()
                                                          : ChooseKernels(options.isa));
  const int threads = options.threads > 0 ? options.threads : UsableCores();
  if (options.numerics == Numerics::kOfficial) {
    return std::unique_ptr<CpuBackend>(std::make_unique<OfficialBackend>(*kernels, threads));
  }
  return std::unique_ptr<CpuBackend>(new CpuBackend(*kernels, options.numerics, threads));
}

CpuBackend::CpuBackend(const KernelTable& kernels, Numerics numerics, int threads)
    : kernels_(kernels),
      numerics_(numerics),
      pool_(threads),
      workers_(static_cast<size_t>(threads)) {}

std::string CpuBackend::Name() const {
  return fmt::format("cpu ({}, {} thread{})", kernels_.name, pool_.threads(),
                     pool_.threads() == 1 ? "" : "s");
}

Result<Buffer> CpuBackend::Allocate(size_t bytes) {
  FATHOM_ASSIGN_OR_RETURN(AlignedBuffer memory, AlignedBuffer::Allocate(bytes));
  auto owner = std::make_shared<AlignedBuffer>(std::move(memory));
  std::byte* data = owner->data();
  return Buffer(data, bytes, [owner]() mutable { owner.reset(); });
}

void CpuBackend::NeedScratch(int64_t floats) {
  const auto bytes = static_cast<size_t>(floats) * sizeof(float);
  for (Worker& worker : workers_) {
    if (worker.floats.size() >= bytes) continue;
    Result<AlignedBuffer> memory = AlignedBuffer::Allocate(bytes);
    FATHOM_CHECK(memory.ok(), "kernel scratch: {}", memory.status().message());
    worker.floats = std::move(memory).value();
  }
}

void CpuBackend::Embed(const EmbedParams& p) {
  const Packed packed = PackedOf(p.table.dtype);
  FATHOM_CHECK(packed != Packed::kE4M3, "an embedding table in e4m3");
  ForRows(p.out.rows, p.out.cols, [&](int64_t row) {
    FATHOM_DCHECK(p.ids[row] >= 0 && p.ids[row] < p.table.rows, "token {} of {}", p.ids[row],
                  p.table.rows);
    kernels_.unpack(p.table.row(p.ids[row]), packed, p.out.cols, p.out.row<float>(row));
  });
}

void CpuBackend::RmsNorm(const RmsNormParams& p) {
  ForRows(p.x.rows, p.x.cols, [&](int64_t row) {
    kernels_.rms_norm(p.x.row<float>(row), p.weight, p.eps, p.x.cols, p.out.row<float>(row));
  });
}

void CpuBackend::AddRmsNorm(const AddRmsNormParams& p) {
  ForRows(p.residual.rows, p.residual.cols, [&](int64_t row) {
    kernels_.add_rms_norm(p.delta.row<float>(row), p.residual.row<float>(row), p.weight, p.eps,
                          p.residual.cols, p.out.row<float>(row));
  });
}

void CpuBackend::LayerNorm(const LayerNormParams& p) {
  ForRows(p.x.rows, p.x.cols, [&](int64_t row) {
    kernels_.layer_norm(p.x.row<float>(row), p.weight, p.bias, p.eps, p.x.cols,
                        p.out.row<float>(row));
  });
}

bool CpuBackend::UsesBF16(const MatrixView& w) const {
  return numerics_ == Numerics::kFast && kernels_.bf16_dot &&
         (w.dtype == DType::kBF16 || w.dtype == DType::kF8E4M3);
}

void CpuBackend::SetWeights(const MatrixView& w, LinearTask* task) {
  task->cols = w.cols;
  task->w = static_cast<const std::byte*>(w.data);
  task->packed = PackedOf(w.dtype);
  task->scales = static_cast<const std::byte*>(w.scales);
  task->scales_e8m0 = w.scale_dtype == DType::kF8E8M0;
}

void CpuBackend::LinearPiece(const MatrixView& w, const LinearRows& rows, int worker) {
  LinearTask task = {};
  SetWeights(w, &task);
  task.x = rows.x;
  task.x_bf16 = rows.x_bf16;
  task.y = rows.y;
  task.rows = rows.rows;
  task.n_begin = rows.n_begin;
  task.n_end = rows.n_end;
  task.y_origin = rows.origin;
  task.scratch = Scratch(worker);
  kernels_.linear(task);
}

const uint16_t* CpuBackend::PackRows(const BufferView& x) {
  const auto bytes = static_cast<size_t>(x.rows * x.cols) * sizeof(uint16_t);
  if (bf16_.size() < bytes) {
    Result<AlignedBuffer> memory = AlignedBuffer::Allocate(bytes);
    FATHOM_CHECK(memory.ok(), "bf16 activations: {}", memory.status().message());
    bf16_ = std::move(memory).value();
  }
  uint16_t* packed = bf16_.As<uint16_t>().data();
  ForRows(x.rows, x.cols, [&](int64_t row) {
    kernels_.pack_bf16(x.row<float>(row), x.cols, packed + row * x.cols);
  });
  return packed;
}

void CpuBackend::Linear(const LinearParams& p) {
  FATHOM_DCHECK(p.x.cols == p.w.cols && p.out.cols == p.w.rows && p.x.rows == p.out.rows,
                "[{}, {}] x [{}, {}] -> [{}, {}]", p.x.rows, p.x.cols, p.w.rows, p.w.cols,
                p.out.rows, p.out.cols);
  const int64_t rows = p.x.rows;
  x_rows_.resize(static_cast<size_t>(rows));
  y_rows_.resize(static_cast<size_t>(rows));
  for (int64_t r = 0; r < rows; ++r) {
    x_rows_[static_cast<size_t>(r)] = p.x.row<float>(r);
    y_rows_[static_cast<size_t>(r)] = p.out.row<float>(r);
  }
  const bool bf16 = p.accuracy == LinearParams::Accuracy::kModel && UsesBF16(p.w);
  if (bf16) {
    const uint16_t* packed = PackRows(p.x);
    x_bf16_rows_.resize(static_cast<size_t>(rows));
    for (int64_t r = 0; r < rows; ++r) x_bf16_rows_[static_cast<size_t>(r)] = packed + r * p.x.cols;
  }
  NeedScratch(kLinearScratch);

  // Outputs are cut first; rows only where there are too few outputs for the threads.
  const bool few_rows = rows <= 8;
  const int64_t n_grain =
      few_rows ? GrainFor(p.w.rows, 4, pool_.threads())
               : std::max(kLinearTileRows, GrainFor(p.w.rows, kLinearTileRows, pool_.threads()));
  const int64_t n_pieces = CeilDiv(p.w.rows, n_grain);
  const int64_t row_pieces =
      few_rows ? 1 : std::clamp<int64_t>(2 * pool_.threads() / n_pieces, 1, CeilDiv(rows, 96));
  const int64_t row_grain = CeilDiv(CeilDiv(rows, row_pieces), 12) * 12;
  const int64_t row_count = CeilDiv(rows, row_grain);
  const bool tiny = rows * p.w.rows * p.w.cols < 4 * kHandOverFloats;
  const auto run = [&](int64_t piece, int worker) {
    const Range n = Piece(p.w.rows, n_grain, piece / row_count);
    const Range r = Piece(rows, row_grain, piece % row_count);
    LinearPiece(p.w,
                {x_rows_.data() + r.begin, bf16 ? x_bf16_rows_.data() + r.begin : nullptr,
                 y_rows_.data() + r.begin, r.size(), n.begin, n.end, 0},
                worker);
  };
  if (tiny) {
    for (int64_t piece = 0; piece < n_pieces * row_count; ++piece) run(piece, 0);
  } else {
    pool_.Run(n_pieces * row_count, run);
  }
}

void CpuBackend::Rope(const RopeParams& p) {
  const auto rotate =
      p.order == RopeOrder::kInterleaved ? kernels_.rope_interleaved : kernels_.rope_half;
  ForRows(p.x.rows, p.heads * p.dim, [&](int64_t row) {
    for (int64_t h = 0; h < p.heads; ++h) {
      rotate(p.x.row<float>(row) + h * p.head_stride, p.cos_sin.row<float>(row), p.dim);
    }
  });
}

void CpuBackend::Hadamard(const HadamardParams& p) {
  ForRows(p.x.rows, p.x.cols * 8, [&](int64_t row) {
    for (int64_t begin = 0; begin < p.x.cols; begin += p.dim) {
      kernels_.hadamard(p.x.row<float>(row) + begin, p.dim);
    }
  });
}

void CpuBackend::SwiGlu(const SwiGluParams& p) {
  ForRows(p.out.rows, p.out.cols * 4, [&](int64_t row) {
    kernels_.swiglu(p.gate.row<float>(row), p.up.row<float>(row), p.out.cols,
                    p.out.row<float>(row));
  });
}

void CpuBackend::Add(const AddParams& p) {
  ForRows(p.x.rows, p.x.cols,
          [&](int64_t row) { kernels_.add(p.x.row<float>(row), p.y.row<float>(row), p.x.cols); });
}

void CpuBackend::GatherRows(const GatherRowsParams& p) {
  for (size_t i = 0; i < p.index.size(); ++i) {
    std::memcpy(p.out.row<float>(static_cast<int64_t>(i)), p.x.row<float>(p.index[i]),
                static_cast<size_t>(p.x.cols) * sizeof(float));
  }
}

}  // namespace fathom
