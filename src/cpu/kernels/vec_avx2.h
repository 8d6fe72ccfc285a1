// The vector operations that kernel bodies use, for AVX2 + FMA + F16C: 8 floats.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace fathom::FATHOM_ISA_NAMESPACE {

inline constexpr int64_t kLanes = 8;
// 3 × 4 sums fill 12 of the 16 registers and leave 4 for operands.
inline constexpr int kDotRows = 3, kDotColumns = 4;
inline constexpr int kAxpyRows = 4, kAxpyVecs = 2;

struct Vec {
  __m256 v;
};

static inline Vec Zero() { return {_mm256_setzero_ps()}; }
static inline Vec Set(float x) { return {_mm256_set1_ps(x)}; }
static inline Vec Load(const float* p) { return {_mm256_loadu_ps(p)}; }
static inline void Store(Vec a, float* p) { _mm256_storeu_ps(p, a.v); }
static inline __m256i TailMask(int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
// The first n < 8 elements; the rest is 0 and not read or written.
static inline Vec LoadPart(const float* p, int64_t n) {
  return {_mm256_maskload_ps(p, TailMask(n))};
}
static inline void StorePart(Vec a, float* p, int64_t n) {
  _mm256_maskstore_ps(p, TailMask(n), a.v);
}
static inline Vec Add(Vec a, Vec b) { return {_mm256_add_ps(a.v, b.v)}; }
static inline Vec Sub(Vec a, Vec b) { return {_mm256_sub_ps(a.v, b.v)}; }
static inline Vec Mul(Vec a, Vec b) { return {_mm256_mul_ps(a.v, b.v)}; }
static inline Vec Div(Vec a, Vec b) { return {_mm256_div_ps(a.v, b.v)}; }
// Max and Min give b where a or b is NaN.
static inline Vec Max(Vec a, Vec b) { return {_mm256_max_ps(a.v, b.v)}; }
static inline Vec Min(Vec a, Vec b) { return {_mm256_min_ps(a.v, b.v)}; }
static inline Vec Fma(Vec a, Vec b, Vec c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
static inline Vec Round(Vec a) {
  return {_mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
// 2^n for integral n in [-126, 127].
static inline Vec PowerOfTwo(Vec n) {
  const __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(n.v), _mm256_set1_epi32(127));
  return {_mm256_castsi256_ps(_mm256_slli_epi32(biased, 23))};
}

static inline float SumLanes(Vec a) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
// Four sums at once, each added exactly as SumLanes adds.
static inline void SumLanes4(Vec a, Vec b, Vec c, Vec d, float* out) {
  const auto halves = [](Vec x) {
    return _mm_add_ps(_mm256_castps256_ps128(x.v), _mm256_extractf128_ps(x.v, 1));
  };
  const __m128 a4 = halves(a), b4 = halves(b), c4 = halves(c), d4 = halves(d);
  // Lanes 0 + 2 and 1 + 3 of each.
  const __m128 ab = _mm_add_ps(_mm_movelh_ps(a4, b4), _mm_movehl_ps(b4, a4));
  const __m128 cd = _mm_add_ps(_mm_movelh_ps(c4, d4), _mm_movehl_ps(d4, c4));
  const __m128 even = _mm_shuffle_ps(ab, cd, _MM_SHUFFLE(2, 0, 2, 0));
  const __m128 odd = _mm_shuffle_ps(ab, cd, _MM_SHUFFLE(3, 1, 3, 1));
  _mm_storeu_ps(out, _mm_add_ps(even, odd));
}
static inline float MaxLanes(Vec a) {
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

static inline Vec LoadBF16(const uint16_t* p) {
  const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return {_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16))};
}
static inline Vec LoadF16(const uint16_t* p) {
  return {_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}
// e4m3 × 2^-8: its bits, moved, are an f16 whose exponent is 8 too small. Exact, and subnormals
// come out right without being treated apart.
static inline Vec LoadE4M3(const uint8_t* p) {
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
  const __m128i high = _mm_unpacklo_epi8(_mm_setzero_si128(), bytes);  // byte << 8
  const __m128i half = _mm_and_si128(_mm_srai_epi16(high, 1), _mm_set1_epi16(int16_t(0xBF80)));
  return {_mm256_cvtph_ps(half)};
}
static inline void StoreBF16(Vec a, uint16_t* p) {
  const __m256i bits = _mm256_castps_si256(a.v);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7FFF)));
  // Rounding would turn some NaN into infinity or 0.
  const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x00400000));
  const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(a.v, a.v, _CMP_UNORD_Q));
  const __m256i words = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, nan), 16);
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(words, words), 0x08);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(packed));
}
static inline void Prefetch(const void* p) {
  _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T0);
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
