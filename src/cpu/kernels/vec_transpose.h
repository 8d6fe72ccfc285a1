// 16 × 16 bytes transposed, for the vector headers of x86: four rounds of interleaving, each of
// which doubles the run of bytes of one column that lie together.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace fathom::FATHOM_ISA_NAMESPACE {

// to[j][i] = from[i][j]; rows lie `from_stride` and `to_stride` bytes apart.
static inline void Transpose16x16(const uint8_t* from, int64_t from_stride, uint8_t* to,
                                  int64_t to_stride) {
  __m128i rows[16], mixed[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {
    rows[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i * from_stride));
  }
  // Interleaving row i with row i + 8 four times brings every byte to its place.
#pragma GCC unroll 4
  for (int round = 0; round < 4; ++round) {
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) {
      mixed[2 * i] = _mm_unpacklo_epi8(rows[i], rows[i + 8]);
      mixed[2 * i + 1] = _mm_unpackhi_epi8(rows[i], rows[i + 8]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) rows[i] = mixed[i];
  }
#pragma GCC unroll 16
  for (int j = 0; j < 16; ++j) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + j * to_stride), rows[j]);
  }
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
