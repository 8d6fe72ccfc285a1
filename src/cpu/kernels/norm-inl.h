// RMSNorm, with and without the residual added first, and LayerNorm (spec 3.1). Statistics in f32.
// Compiled once per instruction set: a vec_*.h stands before it.
#pragma once

#include "cpu/kernels/elementwise-inl.h"

namespace fathom::FATHOM_ISA_NAMESPACE {

// f(vector) summed over the row.
template <typename F>
static inline float SumOver(const float* x, int64_t n, F f) {
  Vec sum = Zero();
  ForVectors(
      n, [&](int64_t i) { sum = Add(sum, f(Load(x + i))); },
      [&](int64_t i, int64_t m) {
        // Lanes beyond the row are 0 and must stay so, whatever f makes of 0.
        float buffer[kLanes] = {};
        StorePart(f(LoadPart(x + i, m)), buffer, m);
        sum = Add(sum, Load(buffer));
      });
  return SumLanes(sum);
}

static void RmsNorm(const float* x, const float* weight, float eps, int64_t n, float* out) {
  const float mean = SumOver(x, n, [](Vec v) { return Mul(v, v); }) / static_cast<float>(n);
  const Vec scale = Set(1.0F / __builtin_sqrtf(mean + eps));
  ForVectors(
      n, [&](int64_t i) { Store(Mul(Mul(Load(x + i), scale), Load(weight + i)), out + i); },
      [&](int64_t i, int64_t m) {
        StorePart(Mul(Mul(LoadPart(x + i, m), scale), LoadPart(weight + i, m)), out + i, m);
      });
}

static void AddRmsNorm(const float* delta, float* residual, const float* weight, float eps,
                       int64_t n, float* out) {
  AddRow(residual, delta, n);
  RmsNorm(residual, weight, eps, n, out);
}

static void LayerNorm(const float* x, const float* weight, const float* bias, float eps, int64_t n,
                      float* out) {
  const float mean = SumOver(x, n, [](Vec v) { return v; }) / static_cast<float>(n);
  const Vec m = Set(mean);
  const auto square = [&](Vec v) {
    const Vec d = Sub(v, m);
    return Mul(d, d);
  };
  const float variance = SumOver(x, n, square) / static_cast<float>(n);
  const Vec scale = Set(1.0F / __builtin_sqrtf(variance + eps));
  const auto one = [&](Vec v, Vec w, Vec b) { return Fma(Mul(Sub(v, m), scale), w, b); };
  ForVectors(
      n, [&](int64_t i) { Store(one(Load(x + i), Load(weight + i), Load(bias + i)), out + i); },
      [&](int64_t i, int64_t k) {
        StorePart(one(LoadPart(x + i, k), LoadPart(weight + i, k), LoadPart(bias + i, k)), out + i,
                  k);
      });
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
