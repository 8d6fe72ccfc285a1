// Rotary embedding in both orders (spec 3.3), and the Walsh-Hadamard transform (spec 3.5).
// Compiled once per instruction set: a vec_*.h stands before it.
#pragma once

namespace fathom::FATHOM_ISA_NAMESPACE {

// Pairs (2i, 2i + 1).
static void RopeInterleaved(float* x, const float* cos_sin, int64_t dim) {
  const float* cosine = cos_sin;
  const float* sine = cos_sin + dim / 2;
  for (int64_t i = 0; i < dim / 2; ++i) {
    const float a = x[2 * i], b = x[2 * i + 1];
    x[2 * i] = a * cosine[i] - b * sine[i];
    x[2 * i + 1] = a * sine[i] + b * cosine[i];
  }
}

// Pairs (i, i + dim / 2).
static void RopeHalf(float* x, const float* cos_sin, int64_t dim) {
  const float* cosine = cos_sin;
  const float* sine = cos_sin + dim / 2;
  float* low = x;
  float* high = x + dim / 2;
  for (int64_t i = 0; i < dim / 2; ++i) {
    const float a = low[i], b = high[i];
    low[i] = a * cosine[i] - b * sine[i];
    high[i] = a * sine[i] + b * cosine[i];
  }
}

static void Hadamard(float* x, int64_t dim) {
  for (int64_t half = 1; half < dim; half *= 2) {
    for (int64_t begin = 0; begin < dim; begin += 2 * half) {
      for (int64_t i = begin; i < begin + half; ++i) {
        const float a = x[i], b = x[i + half];
        x[i] = a + b;
        x[i + half] = a - b;
      }
    }
  }
  const float scale = 1.0F / __builtin_sqrtf(static_cast<float>(dim));
  for (int64_t i = 0; i < dim; ++i) x[i] *= scale;
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
