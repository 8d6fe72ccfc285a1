#include "bench/operation_cost.h"

#include <algorithm>
#include <vector>

namespace fathom {
namespace {

constexpr double kFloat = sizeof(float);

double Product(int64_t a, int64_t b, int64_t c) {
  return 2.0 * static_cast<double>(a) * static_cast<double>(b) * static_cast<double>(c);
}

double BytesOf(const BufferView& view) {
  return static_cast<double>(view.rows * view.cols * Bytes(view.dtype));
}

// Of kv_b, `part` of the nope + value rows that every head has.
double HeadRowsBytes(const MatrixView& kv_b, int64_t part, int64_t nope, int64_t value) {
  return static_cast<double>(kv_b.bytes()) * static_cast<double>(part) /
         static_cast<double>(nope + value);
}

double FloatsOf(int64_t rows, int64_t cols) { return kFloat * static_cast<double>(rows * cols); }

}  // namespace

Cost CostOf(const EmbedParams& p) {
  return {0, static_cast<double>(p.out.rows * p.table.row_bytes()) + BytesOf(p.out)};
}

Cost CostOf(const RmsNormParams& p) {
  return {0, BytesOf(p.x) + FloatsOf(1, p.x.cols) + BytesOf(p.out)};
}

Cost CostOf(const AddRmsNormParams& p) {
  return {0, BytesOf(p.delta) + 2 * BytesOf(p.residual) + FloatsOf(1, p.out.cols) + BytesOf(p.out)};
}

Cost CostOf(const LayerNormParams& p) {
  return {0, BytesOf(p.x) + FloatsOf(2, p.x.cols) + BytesOf(p.out)};
}

Cost CostOf(const LinearParams& p) {
  return {Product(p.x.rows, p.w.rows, p.w.cols),
          static_cast<double>(p.w.bytes()) + BytesOf(p.x) + BytesOf(p.out)};
}

Cost CostOf(const RopeParams& p) {
  return {0, 2 * FloatsOf(p.x.rows, p.heads * p.dim) + BytesOf(p.cos_sin)};
}

Cost CostOf(const HadamardParams& p) { return {0, 2 * BytesOf(p.x)}; }

Cost CostOf(const WriteLatentsParams& p) {
  return {0, BytesOf(p.kv) + static_cast<double>(p.rows.count * p.cache.layout.LatentBytes())};
}

Cost CostOf(const WriteIndexKeysParams& p) {
  return {0, BytesOf(p.keys) + static_cast<double>(p.rows.count * p.cache.layout.IndexKeyBytes())};
}

Cost CostOf(const IndexScoresParams& p) {
  const int64_t dim = p.cache.layout.index_dim;
  double scores = 0, scored_rows = 0, keys = 0;
  for (int64_t row = p.begin; row < p.end; ++row) {
    const int64_t held = p.rows.positions[row] + 1;
    if (held <= p.topk) continue;
    scores += static_cast<double>(held);
    scored_rows += 1;
    // The last row of a sequence sees all that the others see.
    const bool last = row + 1 == p.end || p.rows.sequences[row + 1] != p.rows.sequences[row];
    if (last) keys += static_cast<double>(held);
  }
  const auto heads = static_cast<double>(p.heads);
  return {scores * heads * 2.0 * static_cast<double>(dim + 1),
          keys * static_cast<double>(p.cache.layout.IndexKeyBytes()) +
              kFloat * (scored_rows * heads * static_cast<double>(dim + 1) + scores)};
}

Cost CostOf(const TopKParams& p) {
  double scores = 0;
  for (int64_t row = p.begin; row < p.end; ++row) {
    const int64_t held = p.rows.positions[row] + 1;
    if (held > p.topk) scores += static_cast<double>(held);
  }
  return {0, kFloat * (scores + static_cast<double>((p.end - p.begin) * (p.topk + 1)))};
}

Cost CostOf(const AbsorbQueriesParams& p) {
  const int64_t rows = p.q.rows;
  return {Product(rows, p.heads * p.nope, p.kv_b.cols),
          HeadRowsBytes(p.kv_b, p.nope, p.nope, p.value) + FloatsOf(rows, p.heads * p.nope) +
              BytesOf(p.out)};
}

Cost CostOf(const SparseMlaParams& p) {
  const CacheLayout& layout = p.cache.layout;
  double keys = 0;
  for (const int32_t row : p.which) keys += p.counts[row];
  const auto rows = static_cast<double>(p.which.size());
  const int64_t key = layout.latent_dim + layout.rope_dim;
  return {keys * Product(p.heads, 1, key + layout.latent_dim),
          keys * static_cast<double>(layout.LatentBytes() + int64_t{sizeof(int32_t)}) +
              rows * FloatsOf(p.heads, key + layout.latent_dim)};
}

Cost CostOf(const ProjectValuesParams& p) {
  const auto rows = static_cast<int64_t>(p.which.size());
  return {Product(rows, p.heads * p.value, p.kv_b.cols),
          HeadRowsBytes(p.kv_b, p.value, p.nope, p.value) +
              FloatsOf(rows, p.heads * (p.kv_b.cols + p.value))};
}

Cost CostOf(const DenseMlaParams& p) {
  double pairs = 0, expanded = 0;
  for (size_t i = 0; i < p.which.size(); ++i) {
    const int32_t row = p.which[i];
    const double held = p.rows.positions[row] + 1;
    pairs += held;
    const bool last =
        i + 1 == p.which.size() || p.rows.sequences[p.which[i + 1]] != p.rows.sequences[row];
    if (last) expanded += held;
  }
  const auto rows = static_cast<int64_t>(p.which.size());
  const int64_t dims = p.nope + p.rope + p.value;
  return {pairs * Product(p.heads, 1, dims) +
              expanded * Product(p.heads, p.nope + p.value, p.kv_b.cols),
          static_cast<double>(p.kv_b.bytes()) +
              expanded * static_cast<double>(p.cache.layout.LatentBytes()) +
              FloatsOf(rows, p.heads * dims)};
}

Cost CostOf(const RouteExpertsParams& p) {
  return {
      0, BytesOf(p.logits) + FloatsOf(1, p.logits.cols) + 2 * FloatsOf(p.logits.rows, p.per_token)};
}

Cost CostOf(const ExpertsParams& p) {
  const int64_t slots = p.x.rows * p.per_token;
  std::vector<bool> used(p.weights_of.size());
  for (int64_t s = 0; s < slots; ++s) used[static_cast<size_t>(p.experts[s])] = true;
  double weights = 0;
  for (size_t e = 0; e < used.size(); ++e) {
    const ExpertWeights& w = p.weights_of[e];
    if (used[e]) weights += static_cast<double>(w.gate.bytes() + w.up.bytes() + w.down.bytes());
  }
  const int64_t inner = p.weights_of[0].gate.rows;
  return {3 * Product(slots, inner, p.x.cols),
          weights + BytesOf(p.x) + 2 * FloatsOf(p.x.rows, p.per_token) + BytesOf(p.out)};
}

Cost CostOf(const SwiGluParams& p) { return {0, BytesOf(p.gate) + BytesOf(p.up) + BytesOf(p.out)}; }

Cost CostOf(const AddParams& p) { return {0, 2 * BytesOf(p.x) + BytesOf(p.y)}; }

Cost CostOf(const GatherRowsParams& p) {
  return {0, 2 * FloatsOf(static_cast<int64_t>(p.index.size()), p.x.cols)};
}

}  // namespace fathom
