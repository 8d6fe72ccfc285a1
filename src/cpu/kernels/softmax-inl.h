// Softmax a tile at a time: keeps the running maximum and sum of a row, and says by how much what
// was added before must shrink.
// Compiled once per instruction set: a vec_*.h stands before it.
#pragma once

#include "cpu/kernels/elementwise-inl.h"

namespace fathom::FATHOM_ISA_NAMESPACE {

inline constexpr float kNoScore = -3.0e38F;  // below every score, and finite

struct SoftmaxState {
  float most = kNoScore;
  float sum = 0.0F;
};

// scores[0 … n) → exp(score * scale - maximum); returns the factor for earlier contributions.
static inline float SoftmaxTile(float* scores, int64_t n, float scale, SoftmaxState* state) {
  const Vec factor = Set(scale);
  Vec most = Set(state->most);
  ForVectors(
      n,
      [&](int64_t i) {
        const Vec s = Mul(Load(scores + i), factor);
        Store(s, scores + i);
        most = Max(most, s);
      },
      [&](int64_t i, int64_t m) {
        for (int64_t j = i; j < i + m; ++j) {
          scores[j] *= scale;
          most = Max(most, Set(scores[j]));
        }
      });
  const float maximum = MaxLanes(most);
  const Vec subtract = Set(maximum);
  Vec sum = Zero();
  ForVectors(
      n,
      [&](int64_t i) {
        const Vec p = Exp(Sub(Load(scores + i), subtract));
        Store(p, scores + i);
        sum = Add(sum, p);
      },
      [&](int64_t i, int64_t m) {
        StorePart(Exp(Sub(LoadPart(scores + i, m), subtract)), scores + i, m);
        sum = Add(sum, LoadPart(scores + i, m));
      });
  float lanes[kLanes];
  Store(Exp(Set(state->most - maximum)), lanes);
  const float shrink = state->most == kNoScore ? 0.0F : lanes[0];
  state->sum = state->sum * shrink + SumLanes(sum);
  state->most = maximum;
  return shrink;
}

static inline void ScaleRow(float* x, float factor, int64_t n) {
  const Vec f = Set(factor);
  ForVectors(
      n, [&](int64_t i) { Store(Mul(Load(x + i), f), x + i); },
      [&](int64_t i, int64_t m) { StorePart(Mul(LoadPart(x + i, m), f), x + i, m); });
}

static inline void ClearRow(float* x, int64_t n) {
  std::memset(x, 0, static_cast<size_t>(n) * sizeof(float));
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
