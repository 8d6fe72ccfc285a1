// How one token lies in the cache of one layer.
//
// A page holds 64 tokens. Per layer a page has two parts, allocated apart because they are read
// apart: latents (the compressed key and value, with the rotary key) are gathered by row for the
// few selected positions; index keys are read from end to end for every query.
//
//   latents     [64] rows
//     f32, bf16   latent_dim + rope_dim elements
//     fp8         latent_dim e4m3, latent_dim / 128 f32 scales, rope_dim bf16: 656 bytes at
//                 512 + 64, the record of the official kernels (spec 6.5)
//   index keys
//     f32, bf16   [index_dim][64]: one dimension of 64 keys lies together, so that scoring runs
//                 along keys and needs no sums across a vector
//     fp8         [64][index_dim] e4m3, then [64] f32 scales: 132 bytes a token at 128 (spec 6.6)
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/status.h"

namespace fathom {

inline constexpr int kPageTokens = 64;
inline constexpr int kFp8Block = 128;  // values that share one scale

enum class CacheType { kF32, kBF16, kFP8 };

constexpr std::string_view Name(CacheType type) {
  return type == CacheType::kF32 ? "f32" : type == CacheType::kBF16 ? "bf16" : "fp8";
}

constexpr std::optional<CacheType> ParseCacheType(std::string_view name) {
  for (const CacheType type : {CacheType::kF32, CacheType::kBF16, CacheType::kFP8}) {
    if (Name(type) == name) return type;
  }
  return std::nullopt;
}

struct CacheLayout {
  CacheType type = CacheType::kF32;
  int latent_dim = 0;  // kv_lora_rank
  int rope_dim = 0;    // qk_rope_head_dim
  int index_dim = 0;   // index_head_dim

  // The fp8 records exist for whole blocks only.
  Status Validate() const {
    if (type != CacheType::kFP8) return {};
    if (latent_dim % kFp8Block != 0) {
      return Unsupported("cache type fp8 needs kv_lora_rank in multiples of 128, found {}",
                         latent_dim);
    }
    if (index_dim != kFp8Block) {
      return Unsupported("cache type fp8 needs index_head_dim 128, found {}", index_dim);
    }
    return {};
  }

  // Bytes of one token in one layer.
  constexpr int64_t LatentBytes() const {
    switch (type) {
      case CacheType::kF32:
        return int64_t{4} * (latent_dim + rope_dim);
      case CacheType::kBF16:
        return int64_t{2} * (latent_dim + rope_dim);
      case CacheType::kFP8:
        return latent_dim + int64_t{4} * (latent_dim / kFp8Block) + int64_t{2} * rope_dim;
    }
    return 0;
  }
  constexpr int64_t IndexKeyBytes() const {
    switch (type) {
      case CacheType::kF32:
        return int64_t{4} * index_dim;
      case CacheType::kBF16:
        return int64_t{2} * index_dim;
      case CacheType::kFP8:
        return index_dim + 4;
    }
    return 0;
  }
  constexpr int64_t TokenBytes() const { return LatentBytes() + IndexKeyBytes(); }
};

}  // namespace fathom
