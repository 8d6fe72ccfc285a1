// Rows into the cache and out of it; the layouts stand in backend/cache_layout.h.
// Compiled once per instruction set: a vec_*.h stands before it.
#pragma once

#include "cpu/kernels/float_bits.h"
#include "cpu/kernels/unpack-inl.h"

namespace fathom::FATHOM_ISA_NAMESPACE {

// The values of CacheType.
inline constexpr uint8_t kCacheF32 = 0, kCacheBF16 = 1, kCacheFP8 = 2;
inline constexpr int64_t kPage = 64;

// Nearest e4m3, ties to even; |x| ≤ 448. Both cases are computed, so that a loop becomes vectors.
static inline uint8_t ToE4M3Bits(float x) {
  const uint32_t bits = BitsOf(x), sign = bits >> 24 & 0x80, magnitude = bits & 0x7FFFFFFF;
  // Below 2^-6, in units of 2^-9: adding 2^14 rounds there.
  const uint32_t small = BitsOf(FloatOf(magnitude) + 0x1p14F) - 0x46800000;
  const uint32_t normal = (magnitude + 0x7FFFF + (magnitude >> 20 & 1) - 0x3C000000) >> 20;
  return static_cast<uint8_t>(sign | (magnitude < 0x3C800000 ? small : normal));
}

// 128 values → e4m3 and their power-of-two scale (spec 6.2). A block with NaN or infinity gets the
// scale NaN, since e4m3 has no way to say so that every reader knows.
static float QuantizeBlock(const float* x, uint8_t* out) {
  uint32_t most = BitsOf(1e-4F);  // positive floats are in the order of their bits
  for (int64_t i = 0; i < 128; ++i) {
    const uint32_t magnitude = BitsOf(x[i]) & 0x7FFFFFFF;
    most = magnitude > most ? magnitude : most;
  }
  const uint32_t wanted = BitsOf(FloatOf(most) * (1.0F / 448.0F));
  const bool finite = most < 0x7F800000;
  // Up to the next power of two.
  const float scale = FloatOf(finite ? (wanted + 0x7FFFFF) & 0x7F800000 : 0x7FC00000);
  const float inverse = finite ? 1.0F / scale : 0.0F;  // exact
  for (int64_t i = 0; i < 128; ++i) out[i] = ToE4M3Bits(x[i] * inverse);
  return scale;
}

static void ActQuantRow(float* x, int64_t n) {
  uint8_t codes[128];
  for (int64_t i = 0; i < n; i += 128) {
    float block[128] = {};
    const int64_t count = n - i < 128 ? n - i : 128;
    std::memcpy(block, x + i, static_cast<size_t>(count) * 4);
    const float scale = QuantizeBlock(block, codes);
    UnpackRow<Packed::kE4M3>(reinterpret_cast<const std::byte*>(codes), count, scale * kE4M3Unit,
                             x + i);
  }
}

static void WriteLatent(const float* kv, int64_t latent_dim, int64_t rope_dim, uint8_t type,
                        std::byte* row) {
  if (type == kCacheF32) {
    std::memcpy(row, kv, static_cast<size_t>((latent_dim + rope_dim) * 4));
  } else if (type == kCacheBF16) {
    PackBF16(kv, latent_dim + rope_dim, reinterpret_cast<uint16_t*>(row));
  } else {
    std::byte* scales = row + latent_dim;
    for (int64_t block = 0; block < latent_dim / 128; ++block) {
      const float scale =
          QuantizeBlock(kv + block * 128, reinterpret_cast<uint8_t*>(row) + block * 128);
      std::memcpy(scales + block * 4, &scale, 4);
    }
    PackBF16(kv + latent_dim, rope_dim, reinterpret_cast<uint16_t*>(scales + latent_dim / 128 * 4));
  }
}

static void WriteIndexKey(const float* key, int64_t index_dim, uint8_t type, int64_t slot,
                          std::byte* page) {
  if (type == kCacheF32) {
    auto* out = reinterpret_cast<float*>(page);
    for (int64_t d = 0; d < index_dim; ++d) out[d * kPage + slot] = key[d];
  } else if (type == kCacheBF16) {
    auto* out = reinterpret_cast<uint16_t*>(page);
    for (int64_t d = 0; d < index_dim; ++d) PackBF16(key + d, 1, out + d * kPage + slot);
  } else {
    const float scale = QuantizeBlock(key, reinterpret_cast<uint8_t*>(page) + slot * index_dim);
    std::memcpy(page + kPage * index_dim + slot * 4, &scale, 4);
  }
}

// One row → latent_dim + rope_dim floats.
static inline void ReadLatent(const std::byte* row, int64_t latent_dim, int64_t rope_dim,
                              uint8_t type, float* out) {
  if (type == kCacheF32) {
    UnpackRow<Packed::kF32>(row, latent_dim + rope_dim, 1.0F, out);
  } else if (type == kCacheBF16) {
    UnpackRow<Packed::kBF16>(row, latent_dim + rope_dim, 1.0F, out);
  } else {
    const std::byte* scales = row + latent_dim;
    for (int64_t block = 0; block < latent_dim / 128; ++block) {
      float scale;
      std::memcpy(&scale, scales + block * 4, 4);
      UnpackRow<Packed::kE4M3>(row + block * 128, 128, scale * kE4M3Unit, out + block * 128);
    }
    UnpackRow<Packed::kBF16>(scales + latent_dim / 128 * 4, rope_dim, 1.0F, out + latent_dim);
  }
}

static inline const std::byte* LatentRow(const CacheRows& cache, int64_t position) {
  return cache.latents +
         (cache.page_table[position / kPage] * kPage + position % kPage) * cache.latent_bytes;
}

static void ReadLatentAt(const CacheRows& cache, int32_t position, float* out) {
  ReadLatent(LatentRow(cache, position), cache.latent_dim, cache.rope_dim, cache.type, out);
}

static inline const std::byte* IndexPage(const CacheRows& cache, int64_t page) {
  return cache.index_keys + cache.page_table[page] * kPage * cache.index_bytes;
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
