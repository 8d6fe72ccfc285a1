#include "backend/cache_layout.h"

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(CacheLayout, OfficialRecordSizes) {
  const CacheLayout layout{CacheType::kFP8, 512, 64, 128};
  EXPECT_EQ(layout.LatentBytes(), 656);
  EXPECT_EQ(layout.IndexKeyBytes(), 132);
  EXPECT_EQ(layout.TokenBytes() * 61, 48068);
}

TEST(CacheLayout, WiderTypes) {
  EXPECT_EQ((CacheLayout{CacheType::kBF16, 512, 64, 128}.LatentBytes()), 1152);
  EXPECT_EQ((CacheLayout{CacheType::kF32, 512, 64, 128}.LatentBytes()), 2304);
  EXPECT_EQ((CacheLayout{CacheType::kF32, 64, 16, 32}.TokenBytes()), 4 * (64 + 16 + 32));
}

TEST(CacheLayout, Fp8NeedsWholeBlocks) {
  EXPECT_TRUE((CacheLayout{CacheType::kFP8, 512, 64, 128}.Validate().ok()));
  EXPECT_EQ((CacheLayout{CacheType::kFP8, 64, 16, 128}.Validate().message()),
            "cache type fp8 needs kv_lora_rank in multiples of 128, found 64");
  EXPECT_EQ((CacheLayout{CacheType::kFP8, 512, 64, 32}.Validate().message()),
            "cache type fp8 needs index_head_dim 128, found 32");
  EXPECT_TRUE((CacheLayout{CacheType::kF32, 64, 16, 32}.Validate().ok()));
}

TEST(CacheType, NamesReadBack) {
  for (const CacheType type : {CacheType::kF32, CacheType::kBF16, CacheType::kFP8}) {
    EXPECT_EQ(ParseCacheType(Name(type)), type);
  }
  EXPECT_EQ(ParseCacheType("f16"), std::nullopt);
}

}  // namespace
}  // namespace fathom
