// What an operation of backend/backend.h has to do, worked out from its parameters.
//
// FLOPs are those of products: matrix products, attention, index scores; a multiply-add counts 2.
// Operations that pass over rows once (norms, rotations, sums, selection) count none: what bounds
// them is bytes.
//
// Bytes count every operand once a call: weights (of experts, those that have rows), activations
// in and out, what is written to the cache. Of the cache are read the index keys of a sequence once
// for all its rows, and selected latents once for each row that selected them. Caches of the
// processor make real traffic less, passing over something twice makes it more.
#pragma once

#include "backend/op_params.h"

namespace fathom {

struct Cost {
  double flops = 0;
  double bytes = 0;
  Cost& operator+=(const Cost& other) {
    flops += other.flops;
    bytes += other.bytes;
    return *this;
  }
};

// After the operation has run: what it selected counts.
Cost CostOf(const EmbedParams& params);
Cost CostOf(const RmsNormParams& params);
Cost CostOf(const AddRmsNormParams& params);
Cost CostOf(const LayerNormParams& params);
Cost CostOf(const LinearParams& params);
Cost CostOf(const RopeParams& params);
Cost CostOf(const HadamardParams& params);
Cost CostOf(const WriteLatentsParams& params);
Cost CostOf(const WriteIndexKeysParams& params);
Cost CostOf(const IndexScoresParams& params);
Cost CostOf(const TopKParams& params);
Cost CostOf(const AbsorbQueriesParams& params);
Cost CostOf(const SparseMlaParams& params);
Cost CostOf(const ProjectValuesParams& params);
Cost CostOf(const DenseMlaParams& params);
Cost CostOf(const RouteExpertsParams& params);
Cost CostOf(const ExpertsParams& params);
Cost CostOf(const SwiGluParams& params);
Cost CostOf(const AddParams& params);
Cost CostOf(const GatherRowsParams& params);

}  // namespace fathom
