// The vector operations that kernel bodies use, in plain C++: 4 floats, no instruction set assumed.
// Slow and obvious; Fma rounds twice, since the machines it runs on have none.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace fathom::FATHOM_ISA_NAMESPACE {

inline constexpr int64_t kLanes = 4;
inline constexpr int kDotRows = 2, kDotColumns = 4;
inline constexpr int kAxpyRows = 2, kAxpyVecs = 2;

struct Vec {
  float v[4];
};

template <typename F>
static inline Vec Each(F f) {
  return {{f(0), f(1), f(2), f(3)}};
}

static inline Vec Zero() { return {{0, 0, 0, 0}}; }
static inline Vec Set(float x) { return {{x, x, x, x}}; }
// Elements of mapped files have no alignment; memcpy reads them where they are.
template <typename T>
static inline T ReadAt(const T* p, int64_t i) {
  T value;
  std::memcpy(&value, reinterpret_cast<const std::byte*>(p) + i * int64_t{sizeof(T)}, sizeof(T));
  return value;
}
static inline Vec Load(const float* p) {
  return Each([&](int i) { return ReadAt(p, i); });
}
static inline void Store(Vec a, float* p) {
  for (int i = 0; i < 4; ++i) p[i] = a.v[i];
}
// The first n < 4 elements; the rest is 0 and not read or written.
static inline Vec LoadPart(const float* p, int64_t n) {
  return Each([&](int i) { return i < n ? ReadAt(p, i) : 0.0F; });
}
static inline void StorePart(Vec a, float* p, int64_t n) {
  for (int64_t i = 0; i < n; ++i) p[i] = a.v[i];
}
static inline Vec Add(Vec a, Vec b) {
  return Each([&](int i) { return a.v[i] + b.v[i]; });
}
static inline Vec Sub(Vec a, Vec b) {
  return Each([&](int i) { return a.v[i] - b.v[i]; });
}
static inline Vec Mul(Vec a, Vec b) {
  return Each([&](int i) { return a.v[i] * b.v[i]; });
}
static inline Vec Div(Vec a, Vec b) {
  return Each([&](int i) { return a.v[i] / b.v[i]; });
}
// Max and Min give b where a or b is NaN.
static inline Vec Max(Vec a, Vec b) {
  return Each([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
}
static inline Vec Min(Vec a, Vec b) {
  return Each([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
}
static inline Vec Fma(Vec a, Vec b, Vec c) {
  return Each([&](int i) { return a.v[i] * b.v[i] + c.v[i]; });
}
static inline Vec Round(Vec a) {
  return Each([&](int i) { return ::nearbyintf(a.v[i]); });
}
// 2^n for integral n in [-126, 127].
static inline Vec PowerOfTwo(Vec n) {
  return Each([&](int i) { return ::ldexpf(1.0F, static_cast<int>(n.v[i])); });
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

static inline float FloatOfBits(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, 4);
  return x;
}
static inline uint32_t BitsOfFloat(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  return bits;
}
static inline float FloatOfF16(uint32_t bits) {
  const uint32_t sign = (bits & 0x8000) << 16, exponent = bits >> 10 & 31, mantissa = bits & 1023;
  if (exponent == 31) return FloatOfBits(sign | 0x7F800000 | mantissa << 13);
  const float magnitude = exponent == 0 ? static_cast<float>(mantissa) * 0x1p-24F
                                        : FloatOfBits((exponent + 112) << 23 | mantissa << 13);
  return sign ? -magnitude : magnitude;
}
static inline Vec LoadBF16(const uint16_t* p) {
  return Each([&](int i) { return FloatOfBits(uint32_t{ReadAt(p, i)} << 16); });
}
static inline Vec LoadF16(const uint16_t* p) {
  return Each([&](int i) { return FloatOfF16(ReadAt(p, i)); });
}
// e4m3 × 2^-8: its bits, moved, are an f16 whose exponent is 8 too small.
static inline Vec LoadE4M3(const uint8_t* p) {
  return Each([&](int i) { return FloatOfF16((p[i] & 0x80U) << 8 | (p[i] & 0x7FU) << 7); });
}
static inline void StoreBF16(Vec a, uint16_t* p) {
  for (int i = 0; i < 4; ++i) {
    const uint32_t bits = BitsOfFloat(a.v[i]);
    const bool nan = (bits & 0x7FFFFFFF) > 0x7F800000;
    p[i] =
        static_cast<uint16_t>(nan ? bits >> 16 | 0x40 : (bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
  }
}
static inline void Prefetch(const void*) {}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
