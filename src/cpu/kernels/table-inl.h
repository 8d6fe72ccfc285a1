// Includes the bodies and fills the table of one instruction set. A table_*.cc defines
// FATHOM_ISA_NAMESPACE, kName and kNeeds, includes a vec_*.h and then this.

#pragma once

#include "cpu/kernels/absorb-inl.h"
#include "cpu/kernels/axpy-inl.h"
#include "cpu/kernels/cache_rows-inl.h"
#include "cpu/kernels/dense_mla-inl.h"
#include "cpu/kernels/dot-inl.h"
#include "cpu/kernels/elementwise-inl.h"
#include "cpu/kernels/index_scores-inl.h"
#include "cpu/kernels/linear-inl.h"
#include "cpu/kernels/norm-inl.h"
#include "cpu/kernels/rope-inl.h"
#include "cpu/kernels/softmax-inl.h"
#include "cpu/kernels/sparse_mla-inl.h"
#include "cpu/kernels/top_k-inl.h"
#include "cpu/kernels/unpack-inl.h"

namespace fathom::FATHOM_ISA_NAMESPACE {

extern const KernelTable kTable;
const KernelTable kTable = {
    .name = kName,
    .needs = kNeeds,
    .lanes = static_cast<int>(kLanes),
#if defined(FATHOM_BF16_DOT)
    .bf16_dot = true,
#else
    .bf16_dot = false,
#endif
    .linear = Linear,
    .absorb = Absorb,
    .sparse_mla = SparseMla,
    .merge_parts = MergeParts,
    .dense_mla = DenseMla,
    .index_scores = IndexScores,
    .top_k = TopK,
    .rms_norm = RmsNorm,
    .add_rms_norm = AddRmsNorm,
    .layer_norm = LayerNorm,
    .swiglu = SwiGlu,
    .add = AddRow,
    .add_scaled = AddScaledRow,
    .sigmoid = SigmoidRow,
    .rope_interleaved = RopeInterleaved,
    .rope_half = RopeHalf,
    .hadamard = Hadamard,
    .unpack = Unpack,
    .pack_bf16 = PackBF16,
    .round_bf16 = RoundBF16,
    .act_quant = ActQuantRow,
    .read_latent = ReadLatentAt,
    .write_latent = WriteLatent,
    .write_index_key = WriteIndexKey,
};

}  // namespace fathom::FATHOM_ISA_NAMESPACE
