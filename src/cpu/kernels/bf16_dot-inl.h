// Dot products of bf16 pairs (AVX512_BF16): how linear layers multiply in fast numerics.
//
// The instruction rounds to nearest even and treats numbers below 2^-126 as 0, whatever the
// processor's mode. Weights are exact in bf16, only activations were rounded.
// Compiled for tables that define FATHOM_BF16_DOT: vec_avx512.h stands before it.
#pragma once

#include "cpu/kernels/dot-inl.h"

namespace fathom::FATHOM_ISA_NAMESPACE {

struct BF16Dot {
  using Element = uint16_t;
  using Operand = __m512bh;
  static constexpr int64_t kStep = 32;
  static inline Operand LoadFull(const uint16_t* p) { return (Operand)_mm512_loadu_si512(p); }
  static inline Operand LoadTail(const uint16_t* p, int64_t n) {
    return (Operand)_mm512_maskz_loadu_epi16(static_cast<__mmask32>((uint64_t{1} << n) - 1), p);
  }
  static inline Vec MultiplyAdd(Operand a, Operand b, Vec sum) {
    return {_mm512_dpbf16_ps(sum.v, a, b)};
  }
};

// 32 stored weights; e4m3 elements are multiplied with their scale.
template <Packed kPacked>
static inline __m512bh LoadPackedBF16(const std::byte* p, Vec factor) {
  if constexpr (kPacked == Packed::kBF16) {
    return BF16Dot::LoadFull(reinterpret_cast<const uint16_t*>(p));
  } else {
    const Vec low = Mul(LoadPacked<kPacked>(p), factor);
    const Vec high = Mul(LoadPacked<kPacked>(p + kLanes * kBytesOf<kPacked>), factor);
    return _mm512_cvtne2ps_pbh(high.v, low.v);
  }
}
// The first n < 32, the rest 0; reads nothing beyond them.
template <Packed kPacked>
static inline __m512bh LoadPackedBF16Part(const std::byte* p, int64_t n, Vec factor) {
  alignas(64) std::byte buffer[64] = {};
  std::memcpy(buffer, p, static_cast<size_t>(n * kBytesOf<kPacked>));
  return LoadPackedBF16<kPacked>(buffer, factor);
}

template <Packed kPacked, int kColumns>
struct StoredBF16Rows {
  static constexpr int64_t kSpan = kPacked == Packed::kE4M3 ? kBlock : kChunk;
  const std::byte* data;
  int64_t row_bytes;
  const float* factors;  // kE4M3: [kColumns][4] of the chunk's blocks
  Vec factor[kColumns] = {};

  inline void Enter(int64_t k) {
    for (int c = 0; c < kColumns && kPacked == Packed::kE4M3; ++c) {
      factor[c] = Set(factors[c * 4 + k / kBlock]);
    }
  }
  inline __m512bh Full(int c, int64_t k) const {
    return LoadPackedBF16<kPacked>(data + c * row_bytes + k * kBytesOf<kPacked>, factor[c]);
  }
  inline __m512bh Tail(int c, int64_t k, int64_t n) const {
    return LoadPackedBF16Part<kPacked>(data + c * row_bytes + k * kBytesOf<kPacked>, n, factor[c]);
  }
};

template <Packed kPackedType>
struct BF16Form {
  static constexpr Packed kPacked = kPackedType;
  using Dot = BF16Dot;
  template <int kColumns>
  using Stored = StoredBF16Rows<kPacked, kColumns>;
  static inline const uint16_t* const* X(const LinearTask& t) { return t.x_bf16; }
  static inline void Unpack(const std::byte* w, int64_t n, float factor, uint16_t* tile) {
    constexpr int64_t kBytes = kBytesOf<kPacked>;
    const Vec f = Set(factor);
    int64_t k = 0;
    for (; k + 32 <= n; k += 32) {
      _mm512_storeu_si512(tile + k, (__m512i)LoadPackedBF16<kPacked>(w + k * kBytes, f));
    }
    if (k < n) {
      const __m512bh part = LoadPackedBF16Part<kPacked>(w + k * kBytes, n - k, f);
      _mm512_storeu_si512(tile + k, (__m512i)part);
    }
  }
};

// Whether every scale of this block of 128 rows is a power of two that keeps e4m3 elements, 2^-9 to
// 448, inside the normal numbers.
static bool ScalesFitBF16(const LinearTask& t, int64_t row_block) {
  const int64_t blocks_across = (t.cols + kBlock - 1) / kBlock;
  for (int64_t i = 0; i < blocks_across; ++i) {
    const float scale = ScaleOf(t.scales, t.scales_e8m0, row_block * blocks_across + i);
    uint32_t bits;
    std::memcpy(&bits, &scale, 4);
    const uint32_t exponent = bits >> 23;  // a negative scale is out of the range below
    if ((bits & 0x7FFFFF) != 0 || exponent < 127 - 117 || exponent > 127 + 118) return false;
  }
  return true;
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
