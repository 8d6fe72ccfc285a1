// The vector operations that kernel bodies use, for AVX-512 (F, BW, DQ, VL): 16 floats.
// With FATHOM_BF16_DOT also dot products of bf16 pairs (AVX512_BF16).
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace fathom::FATHOM_ISA_NAMESPACE {

inline constexpr int64_t kLanes = 16;
inline constexpr int kDotRows = 4, kDotColumns = 4;
inline constexpr int kAxpyRows = 4, kAxpyVecs = 4;

struct Vec {
  __m512 v;
};

static inline __mmask16 TailMask(int64_t n) { return static_cast<__mmask16>((1U << n) - 1); }
static inline Vec Zero() { return {_mm512_setzero_ps()}; }
static inline Vec Set(float x) { return {_mm512_set1_ps(x)}; }
static inline Vec Load(const float* p) { return {_mm512_loadu_ps(p)}; }
static inline void Store(Vec a, float* p) { _mm512_storeu_ps(p, a.v); }
// The first n < 16 elements; the rest is 0 and not read or written.
static inline Vec LoadPart(const float* p, int64_t n) {
  return {_mm512_maskz_loadu_ps(TailMask(n), p)};
}
static inline void StorePart(Vec a, float* p, int64_t n) {
  _mm512_mask_storeu_ps(p, TailMask(n), a.v);
}
static inline Vec Add(Vec a, Vec b) { return {_mm512_add_ps(a.v, b.v)}; }
static inline Vec Sub(Vec a, Vec b) { return {_mm512_sub_ps(a.v, b.v)}; }
static inline Vec Mul(Vec a, Vec b) { return {_mm512_mul_ps(a.v, b.v)}; }
static inline Vec Div(Vec a, Vec b) { return {_mm512_div_ps(a.v, b.v)}; }
// Max and Min give b where a or b is NaN.
static inline Vec Max(Vec a, Vec b) { return {_mm512_max_ps(a.v, b.v)}; }
static inline Vec Min(Vec a, Vec b) { return {_mm512_min_ps(a.v, b.v)}; }
static inline Vec Fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
static inline Vec Round(Vec a) {
  return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
// 2^n for integral n in [-126, 127].
static inline Vec PowerOfTwo(Vec n) {
  const __m512i biased = _mm512_add_epi32(_mm512_cvtps_epi32(n.v), _mm512_set1_epi32(127));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(biased, 23))};
}

static inline __m128 SumTo4(Vec a) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
  return _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
}
static inline float SumLanes(Vec a) {
  const __m128 four = SumTo4(a);
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
// Four sums at once, each added exactly as SumLanes adds.
static inline void SumLanes4(Vec a, Vec b, Vec c, Vec d, float* out) {
  const __m128 a4 = SumTo4(a), b4 = SumTo4(b), c4 = SumTo4(c), d4 = SumTo4(d);
  const __m128 ab = _mm_add_ps(_mm_movelh_ps(a4, b4), _mm_movehl_ps(b4, a4));
  const __m128 cd = _mm_add_ps(_mm_movelh_ps(c4, d4), _mm_movehl_ps(d4, c4));
  const __m128 even = _mm_shuffle_ps(ab, cd, _MM_SHUFFLE(2, 0, 2, 0));
  const __m128 odd = _mm_shuffle_ps(ab, cd, _MM_SHUFFLE(3, 1, 3, 1));
  _mm_storeu_ps(out, _mm_add_ps(even, odd));
}
static inline float MaxLanes(Vec a) { return _mm512_reduce_max_ps(a.v); }

static inline Vec LoadBF16(const uint16_t* p) {
  const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16))};
}
static inline Vec LoadF16(const uint16_t* p) {
  return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
}
// e4m3 × 2^-8: its bits, moved, are an f16 whose exponent is 8 too small. Exact, and subnormals
// come out right without being treated apart.
static inline Vec LoadE4M3(const uint8_t* p) {
  const __m256i words = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  const __m256i half = _mm256_and_si256(_mm256_srai_epi16(_mm256_slli_epi16(words, 8), 1),
                                        _mm256_set1_epi16(int16_t(0xBF80)));
  return {_mm512_cvtph_ps(half)};
}
static inline void StoreBF16(Vec a, uint16_t* p) {
  const __m512i bits = _mm512_castps_si512(a.v);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF)));
  // Rounding would turn some NaN into infinity or 0.
  const __m512i words = _mm512_mask_or_epi32(rounded, _mm512_cmp_ps_mask(a.v, a.v, _CMP_UNORD_Q),
                                             bits, _mm512_set1_epi32(0x00400000));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                      _mm512_cvtepi32_epi16(_mm512_srli_epi32(words, 16)));
}
static inline void Prefetch(const void* p) {
  _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T0);
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
