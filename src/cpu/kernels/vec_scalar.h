// The vector operations that kernel bodies use, in plain C++ with the compilers' vector extension:
// 4 floats, no instruction set assumed. Fma rounds twice, since the machines it runs on have none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "cpu/kernels/float_bits.h"

namespace fathom::FATHOM_ISA_NAMESPACE {

inline constexpr int64_t kLanes = 4;
inline constexpr int kDotRows = 2;
inline constexpr int kDirectRows = 4, kDirectSums = 8;
inline constexpr int kAxpyRows = 2, kAxpySums = 4;

using Float4 [[gnu::vector_size(16)]] = float;
struct Vec {
  Float4 v;
};

template <typename F>
static inline Vec Each(F f) {
  return {Float4{f(0), f(1), f(2), f(3)}};
}

static inline Vec Zero() { return {Float4{}}; }
static inline Vec Set(float x) { return {Float4{x, x, x, x}}; }
// Elements of mapped files have no alignment; memcpy reads them where they are.
template <typename T>
static inline T ReadAt(const T* p, int64_t i) {
  T value;
  std::memcpy(&value, reinterpret_cast<const std::byte*>(p) + i * int64_t{sizeof(T)}, sizeof(T));
  return value;
}
static inline Vec Load(const float* p) {
  Vec a;
  std::memcpy(&a.v, static_cast<const void*>(p), sizeof(a.v));
  return a;
}
static inline void Store(Vec a, float* p) { std::memcpy(p, &a.v, sizeof(a.v)); }
// The first n < 4 elements; the rest is 0 and not read or written.
static inline Vec LoadPart(const float* p, int64_t n) {
  return Each([&](int i) { return i < n ? ReadAt(p, i) : 0.0F; });
}
static inline void StorePart(Vec a, float* p, int64_t n) {
  for (int64_t i = 0; i < n; ++i) p[i] = a.v[i];
}
static inline Vec Add(Vec a, Vec b) { return {a.v + b.v}; }
static inline Vec Sub(Vec a, Vec b) { return {a.v - b.v}; }
static inline Vec Mul(Vec a, Vec b) { return {a.v * b.v}; }
static inline Vec Div(Vec a, Vec b) { return {a.v / b.v}; }
// Max and Min give b where a or b is NaN.
static inline Vec Max(Vec a, Vec b) { return {a.v > b.v ? a.v : b.v}; }
static inline Vec Min(Vec a, Vec b) { return {a.v < b.v ? a.v : b.v}; }
static inline Vec Fma(Vec a, Vec b, Vec c) { return {a.v * b.v + c.v}; }
// To the nearest integer, ties to even, for |a| < 2^22: floats of 2^23 and more have no fraction.
static inline Vec Round(Vec a) {
  const Vec shift = Set(0x1.8p23F);
  return Sub(Add(a, shift), shift);
}
// 2^n for integral n in [-126, 127]. n + 1.5 * 2^23 has n in its lowest bits.
static inline Vec PowerOfTwo(Vec n) {
  const Vec shifted = Add(n, Set(0x1.8p23F));
  return Each([&](int i) { return FloatOf((BitsOf(shifted.v[i]) + 127) << 23); });
}
static inline float SumLanes(Vec a) { return (a.v[0] + a.v[2]) + (a.v[1] + a.v[3]); }
static inline void SumLanes4(Vec a, Vec b, Vec c, Vec d, float* out) {
  out[0] = SumLanes(a);
  out[1] = SumLanes(b);
  out[2] = SumLanes(c);
  out[3] = SumLanes(d);
}
static inline float MaxLanes(Vec a) {
  float most = a.v[0];
  for (int i = 1; i < 4; ++i) most = a.v[i] > most ? a.v[i] : most;
  return most;
}

// The Hadamard transform of the lanes, unscaled.
static inline Vec HadamardLanes(Vec a) {
  const float s0 = a.v[0] + a.v[1], d0 = a.v[0] - a.v[1];
  const float s1 = a.v[2] + a.v[3], d1 = a.v[2] - a.v[3];
  return {Float4{s0 + s1, d0 + d1, s0 - s1, d0 - d1}};
}

static inline float FloatOfF16(uint32_t bits) {
  const uint32_t sign = (bits & 0x8000) << 16, exponent = bits >> 10 & 31, mantissa = bits & 1023;
  if (exponent == 31) return FloatOf(sign | 0x7F800000 | mantissa << 13);
  const float magnitude = exponent == 0 ? static_cast<float>(mantissa) * 0x1p-24F
                                        : FloatOf((exponent + 112) << 23 | mantissa << 13);
  return sign ? -magnitude : magnitude;
}
static inline Vec LoadBF16(const uint16_t* p) {
  return Each([&](int i) { return FloatOf(uint32_t{ReadAt(p, i)} << 16); });
}
static inline Vec LoadF16(const uint16_t* p) {
  return Each([&](int i) { return FloatOfF16(ReadAt(p, i)); });
}
// e4m3 × 2^-8: its bits, moved, are an f32 whose exponent is 120 too small. Exact, and subnormals
// come out right without being treated apart.
static inline Vec LoadE4M3(const uint8_t* p) {
  return Mul(Each([&](int i) { return FloatOf((p[i] & 0x80U) << 24 | (p[i] & 0x7FU) << 20); }),
             Set(0x1p112F));
}
static inline void StoreBF16(Vec a, uint16_t* p) {
  for (int i = 0; i < 4; ++i) {
    const uint32_t bits = BitsOf(a.v[i]);
    const bool nan = (bits & 0x7FFFFFFF) > 0x7F800000;
    p[i] =
        static_cast<uint16_t>(nan ? bits >> 16 | 0x40 : (bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
  }
}
// to[j][i] = from[i][j]; rows lie `from_stride` and `to_stride` bytes apart.
static inline void Transpose16x16(const uint8_t* from, int64_t from_stride, uint8_t* to,
                                  int64_t to_stride) {
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 16; ++j) to[j * to_stride + i] = from[i * from_stride + j];
  }
}
// Integers in the order of floats; -0 and +0 have the same one, and every NaN has the largest.
struct Keys {
  uint32_t v[4];
};
static inline uint32_t OrderKey(float x) {
  if (x != x) return 0xFFFFFFFF;
  const uint32_t bits = BitsOf(x + 0.0F);
  const uint32_t flip = static_cast<uint32_t>(static_cast<int32_t>(bits) >> 31) | 0x80000000;
  return bits ^ flip;
}
static inline Keys OrderKeys(Vec x) {
  return {{OrderKey(x.v[0]), OrderKey(x.v[1]), OrderKey(x.v[2]), OrderKey(x.v[3])}};
}
static inline void StoreKeys(Keys keys, uint32_t* p) { std::memcpy(p, keys.v, sizeof(keys.v)); }
// A bit for every key in [low, low + span].
static inline uint32_t KeysInRange(Keys keys, uint32_t low, uint32_t span) {
  uint32_t inside = 0;
  for (int i = 0; i < 4; ++i) inside |= static_cast<uint32_t>(keys.v[i] - low <= span) << i;
  return inside;
}

static inline void Prefetch(const void*) {}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
