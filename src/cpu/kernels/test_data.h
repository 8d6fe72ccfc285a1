// What kernel tests feed to kernels: random and adversarial numbers, weights in every stored type
// and caches of every type. All of it lies directly before guard pages (tests/support/guarded.h),
// weights at odd addresses. Decoding here is element by element with tensor/float_formats.h and
// shares nothing with the kernels.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "backend/cache_layout.h"
#include "cpu/kernels/kernel_table.h"
#include "quant/matrix_view.h"
#include "support/guarded.h"

namespace fathom::test {

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  uint32_t Bits() { return static_cast<uint32_t>(engine_()); }
  int64_t Below(int64_t n) { return static_cast<int64_t>(Bits()) % n; }
  float Uniform() { return static_cast<float>(Bits() >> 8) * 0x1p-24F; }  // [0, 1)
  float Symmetric() { return 2.0F * Uniform() - 1.0F; }

 private:
  std::mt19937 engine_;
};

enum class Values {
  kSymmetric,  // [-1, 1)
  kIntegers,   // -4 … 4: sums are exact in any order
  kWide,       // magnitudes 2^-20 … 2^15, zeros and negative zeros among them
};
float Draw(Random& random, Values values);

// [rows, cols] floats, every row before a guard page of its own.
class FloatRows {
 public:
  FloatRows(int64_t rows, int64_t cols);
  FloatRows(int64_t rows, int64_t cols, Random& random, Values values);

  int64_t rows() const { return static_cast<int64_t>(rows_.size()); }
  float* row(int64_t r) const { return rows_[static_cast<size_t>(r)].data(); }
  const Guarded<float>& guarded(int64_t r) const { return rows_[static_cast<size_t>(r)]; }
  const float* const* inputs() const { return inputs_.data(); }
  float* const* outputs() const { return outputs_.data(); }
  bool Intact() const;

 private:
  std::vector<Guarded<float>> rows_;
  std::vector<const float*> inputs_;
  std::vector<float*> outputs_;
};

// Every row of `x` in bf16.
class BF16Rows {
 public:
  BF16Rows(const FloatRows& x, int64_t cols);
  const uint16_t* const* inputs() const { return inputs_.data(); }
  double At(int64_t r, int64_t k) const;

 private:
  std::vector<Guarded<uint16_t>> rows_;
  std::vector<const uint16_t*> inputs_;
};

struct WeightKind {
  const char* name;
  Packed packed;
  bool e8m0;
};
inline constexpr WeightKind kWeightKinds[] = {{"f32", Packed::kF32, false},
                                              {"f16", Packed::kF16, false},
                                              {"bf16", Packed::kBF16, false},
                                              {"e4m3 with f32 scales", Packed::kE4M3, false},
                                              {"e4m3 with e8m0 scales", Packed::kE4M3, true}};

constexpr int64_t BytesOf(Packed packed) {
  return packed == Packed::kF32 ? 4 : packed == Packed::kE4M3 ? 1 : 2;
}

// A weight matrix [rows, cols] of one kind.
class TestWeights {
 public:
  // Scales are near 1, but for kIntegers, where they are powers of two near 1.
  TestWeights(const WeightKind& kind, int64_t rows, int64_t cols, Random& random, Values values);

  const WeightKind& kind() const { return kind_; }
  int64_t rows() const { return rows_; }
  int64_t cols() const { return cols_; }
  const std::byte* data() const { return data_.data(); }
  const std::byte* scales() const { return scales_.size() == 0 ? nullptr : scales_.data(); }

  // Element × scale, exactly.
  double At(int64_t n, int64_t k) const;
  double ElementAt(int64_t n, int64_t k) const;
  double ScaleAt(int64_t n, int64_t k) const;
  std::vector<double> Row(int64_t n) const;

  void SetCode(int64_t n, int64_t k, uint8_t code);                // kE4M3
  void SetScale(int64_t n, int64_t k, float scale, uint8_t e8m0);  // of the tile of (n, k)

  void SetIn(LinearTask* task) const;
  MatrixView view() const;

 private:
  int64_t ScaleIndex(int64_t n, int64_t k) const {
    return n / 128 * ((cols_ + 127) / 128) + k / 128;
  }

  WeightKind kind_;
  int64_t rows_, cols_;
  Guarded<std::byte> data_, scales_;
};

// Nearest e4m3 codes of 128 values and their scale, by the definition of spec 6.2.
float ReferenceQuantizeBlock(const float* x, uint8_t* codes);

// What one sequence has in the cache of one layer, read element by element.
struct CacheView {
  CacheLayout layout;
  int64_t tokens = 0;
  const int32_t* page_table = nullptr;
  const std::byte* latents = nullptr;
  const std::byte* index_keys = nullptr;

  CacheRows rows() const;
  double Latent(int64_t position, int64_t d) const;    // d in [0, latent_dim + rope_dim)
  double IndexKey(int64_t position, int64_t d) const;  // d in [0, index_dim), scaled
};

// The cache of one layer that holds `tokens` random tokens of one sequence on shuffled pages; slots
// that hold none are full of NaN.
class TestCache {
 public:
  TestCache(const CacheLayout& layout, int64_t tokens, Random& random,
            Values values = Values::kSymmetric);

  CacheView view() const {
    return {layout_, tokens_, page_table_.data(), latents_.data(), index_keys_.data()};
  }
  const CacheLayout& layout() const { return layout_; }
  std::byte* Row(int64_t position) const;  // its latent

 private:
  CacheLayout layout_;
  int64_t tokens_;
  std::vector<int32_t> page_table_;
  Guarded<std::byte> latents_, index_keys_;
};

// The reference encoders and decoders of one row of each part of the cache.
void EncodeLatent(const CacheLayout& layout, const float* kv, std::byte* row);
double DecodeLatent(const CacheLayout& layout, const std::byte* row, int64_t d);
void EncodeIndexKey(const CacheLayout& layout, const float* key, int64_t slot, std::byte* page);
double DecodeIndexKey(const CacheLayout& layout, const std::byte* page, int64_t slot, int64_t d);

inline constexpr CacheType kCacheTypes[] = {CacheType::kF32, CacheType::kBF16, CacheType::kFP8};

}  // namespace fathom::test
