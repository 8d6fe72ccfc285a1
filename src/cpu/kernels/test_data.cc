#include "cpu/kernels/test_data.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "tensor/float_formats.h"

namespace fathom::test {
namespace {

template <typename T>
T Read(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <typename T>
void Write(T value, std::byte* to) {
  std::memcpy(to, &value, sizeof(T));
}

// Odd, so that no element of two or four bytes is aligned.
constexpr int64_t kWeightSlack = 3;

}  // namespace

float Draw(Random& random, Values values) {
  switch (values) {
    case Values::kSymmetric:
      return random.Symmetric();
    case Values::kIntegers:
      return static_cast<float>(random.Below(9) - 4);
    case Values::kWide:
      break;
  }
  const int64_t which = random.Below(12);
  if (which == 0) return 0.0F;
  if (which == 1) return -0.0F;
  return std::ldexp(random.Symmetric(), static_cast<int>(random.Below(36)) - 20);
}

FloatRows::FloatRows(int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; ++r) {
    rows_.emplace_back(cols);
    inputs_.push_back(rows_.back().data());
    outputs_.push_back(rows_.back().data());
  }
}

FloatRows::FloatRows(int64_t rows, int64_t cols, Random& random, Values values)
    : FloatRows(rows, cols) {
  for (const Guarded<float>& row : rows_) {
    for (float& x : row) x = Draw(random, values);
  }
}

bool FloatRows::Intact() const {
  return std::all_of(rows_.begin(), rows_.end(), [](const auto& row) { return row.Intact(); });
}

BF16Rows::BF16Rows(const FloatRows& x, int64_t cols) {
  for (int64_t r = 0; r < x.rows(); ++r) {
    rows_.emplace_back(cols);
    for (int64_t k = 0; k < cols; ++k) rows_.back()[k] = ToBF16(x.row(r)[k]).bits;
    inputs_.push_back(rows_.back().data());
  }
}

double BF16Rows::At(int64_t r, int64_t k) const {
  return ToFloat(BF16{rows_[static_cast<size_t>(r)][k]});
}

TestWeights::TestWeights(const WeightKind& kind, int64_t rows, int64_t cols, Random& random,
                         Values values)
    : kind_(kind),
      rows_(rows),
      cols_(cols),
      data_(rows * cols * BytesOf(kind.packed), kWeightSlack),
      scales_(kind.packed == Packed::kE4M3
                  ? (rows + 127) / 128 * ((cols + 127) / 128) * (kind.e8m0 ? 1 : 4)
                  : 0,
              kWeightSlack) {
  for (int64_t i = 0; i < rows * cols; ++i) {
    const float x = Draw(random, values);
    std::byte* at = data_.data() + i * BytesOf(kind.packed);
    if (kind.packed == Packed::kF32) Write(x, at);
    if (kind.packed == Packed::kF16) Write(ToF16(x).bits, at);
    if (kind.packed == Packed::kBF16) Write(ToBF16(x).bits, at);
    if (kind.packed == Packed::kE4M3) Write(ToE4M3(x).bits, at);
  }
  if (kind.packed != Packed::kE4M3) return;
  for (int64_t n = 0; n < rows; n += 128) {
    for (int64_t k = 0; k < cols; k += 128) {
      const int exponent = static_cast<int>(random.Below(7)) - 3;
      const float scale = values == Values::kIntegers ? std::ldexp(1.0F, exponent)
                                                      : 0.25F + 4.0F * random.Uniform();
      SetScale(n, k, scale, static_cast<uint8_t>(127 + exponent));
    }
  }
}

double TestWeights::ElementAt(int64_t n, int64_t k) const {
  const std::byte* at = data_.data() + (n * cols_ + k) * BytesOf(kind_.packed);
  switch (kind_.packed) {
    case Packed::kF32:
      return Read<float>(at);
    case Packed::kF16:
      return ToFloat(F16{Read<uint16_t>(at)});
    case Packed::kBF16:
      return ToFloat(BF16{Read<uint16_t>(at)});
    case Packed::kE4M3:
      break;
  }
  return ToFloat(E4M3{Read<uint8_t>(at)});
}

double TestWeights::ScaleAt(int64_t n, int64_t k) const {
  if (kind_.packed != Packed::kE4M3) return 1.0;
  const int64_t index = ScaleIndex(n, k);
  if (kind_.e8m0) return ToFloat(E8M0{Read<uint8_t>(scales_.data() + index)});
  return Read<float>(scales_.data() + index * 4);
}

double TestWeights::At(int64_t n, int64_t k) const { return ElementAt(n, k) * ScaleAt(n, k); }

std::vector<double> TestWeights::Row(int64_t n) const {
  std::vector<double> row;
  for (int64_t k = 0; k < cols_; ++k) row.push_back(At(n, k));
  return row;
}

void TestWeights::SetCode(int64_t n, int64_t k, uint8_t code) {
  data_[n * cols_ + k] = std::byte{code};
}

void TestWeights::SetScale(int64_t n, int64_t k, float scale, uint8_t e8m0) {
  const int64_t index = ScaleIndex(n, k);
  if (kind_.e8m0) {
    Write(e8m0, scales_.data() + index);
  } else {
    Write(scale, scales_.data() + index * 4);
  }
}

void TestWeights::SetIn(LinearTask* task) const {
  task->cols = cols_;
  task->w = data();
  task->packed = kind_.packed;
  task->scales = scales();
  task->scales_e8m0 = kind_.e8m0;
}

MatrixView TestWeights::view() const {
  MatrixView view;
  view.data = data();
  view.dtype = kind_.packed == Packed::kF32    ? DType::kF32
               : kind_.packed == Packed::kF16  ? DType::kF16
               : kind_.packed == Packed::kBF16 ? DType::kBF16
                                               : DType::kF8E4M3;
  view.rows = rows_;
  view.cols = cols_;
  view.scales = scales();
  view.scale_dtype = kind_.e8m0 ? DType::kF8E8M0 : DType::kF32;
  return view;
}

float ReferenceQuantizeBlock(const float* x, uint8_t* codes) {
  float most = 1e-4F;
  for (int i = 0; i < 128; ++i) most = std::max(most, std::abs(x[i]));
  const float wanted = most * (1.0F / 448.0F);
  int exponent = 0;
  const float fraction = std::frexp(wanted, &exponent);  // wanted = fraction * 2^exponent
  const float scale = std::ldexp(1.0F, fraction == 0.5F ? exponent - 1 : exponent);
  for (int i = 0; i < 128; ++i) codes[i] = ToE4M3(x[i] / scale).bits;
  return scale;
}

void EncodeLatent(const CacheLayout& layout, const float* kv, std::byte* row) {
  const int64_t width = layout.latent_dim + layout.rope_dim;
  if (layout.type == CacheType::kF32) {
    std::memcpy(row, kv, static_cast<size_t>(width) * 4);
    return;
  }
  if (layout.type == CacheType::kBF16) {
    for (int64_t d = 0; d < width; ++d) Write(ToBF16(kv[d]).bits, row + d * 2);
    return;
  }
  const int64_t blocks = layout.latent_dim / 128;
  for (int64_t block = 0; block < blocks; ++block) {
    uint8_t codes[128];
    const float scale = ReferenceQuantizeBlock(kv + block * 128, codes);
    std::memcpy(row + block * 128, codes, 128);
    Write(scale, row + layout.latent_dim + block * 4);
  }
  for (int64_t d = 0; d < layout.rope_dim; ++d) {
    Write(ToBF16(kv[layout.latent_dim + d]).bits, row + layout.latent_dim + blocks * 4 + d * 2);
  }
}

double DecodeLatent(const CacheLayout& layout, const std::byte* row, int64_t d) {
  if (layout.type == CacheType::kF32) return Read<float>(row + d * 4);
  if (layout.type == CacheType::kBF16) return ToFloat(BF16{Read<uint16_t>(row + d * 2)});
  const std::byte* scales = row + layout.latent_dim;
  if (d < layout.latent_dim) {
    const double scale = Read<float>(scales + d / 128 * 4);
    return ToFloat(E4M3{Read<uint8_t>(row + d)}) * scale;
  }
  const std::byte* rope = scales + layout.latent_dim / 128 * 4;
  return ToFloat(BF16{Read<uint16_t>(rope + (d - layout.latent_dim) * 2)});
}

void EncodeIndexKey(const CacheLayout& layout, const float* key, int64_t slot, std::byte* page) {
  const int64_t dim = layout.index_dim;
  for (int64_t d = 0; d < dim && layout.type != CacheType::kFP8; ++d) {
    if (layout.type == CacheType::kF32) Write(key[d], page + (d * 64 + slot) * 4);
    if (layout.type == CacheType::kBF16) Write(ToBF16(key[d]).bits, page + (d * 64 + slot) * 2);
  }
  if (layout.type != CacheType::kFP8) return;
  uint8_t codes[128];
  const float scale = ReferenceQuantizeBlock(key, codes);
  std::memcpy(page + slot * dim, codes, 128);
  Write(scale, page + 64 * dim + slot * 4);
}

double DecodeIndexKey(const CacheLayout& layout, const std::byte* page, int64_t slot, int64_t d) {
  const int64_t dim = layout.index_dim;
  if (layout.type == CacheType::kF32) return Read<float>(page + (d * 64 + slot) * 4);
  if (layout.type == CacheType::kBF16) {
    return ToFloat(BF16{Read<uint16_t>(page + (d * 64 + slot) * 2)});
  }
  const double scale = Read<float>(page + 64 * dim + slot * 4);
  return ToFloat(E4M3{Read<uint8_t>(page + slot * dim + d)}) * scale;
}

TestCache::TestCache(const CacheLayout& layout, int64_t tokens, Random& random, Values values)
    : layout_(layout),
      tokens_(tokens),
      page_table_(static_cast<size_t>((tokens + 63) / 64)),
      latents_((tokens + 63) / 64 * 64 * layout.LatentBytes()),
      index_keys_((tokens + 63) / 64 * 64 * layout.IndexKeyBytes()) {
  std::memset(latents_.data(), 0xFF, static_cast<size_t>(latents_.size()));
  std::memset(index_keys_.data(), 0xFF, static_cast<size_t>(index_keys_.size()));
  std::iota(page_table_.begin(), page_table_.end(), 0);
  for (size_t i = page_table_.size(); i > 1; --i) {
    std::swap(page_table_[i - 1], page_table_[static_cast<size_t>(random.Below(int64_t(i)))]);
  }
  std::vector<float> kv(static_cast<size_t>(layout.latent_dim + layout.rope_dim));
  std::vector<float> key(static_cast<size_t>(layout.index_dim));
  for (int64_t position = 0; position < tokens; ++position) {
    for (float& x : kv) x = Draw(random, values);
    for (float& x : key) x = Draw(random, values);
    const int64_t page = page_table_[static_cast<size_t>(position / 64)];
    EncodeLatent(layout, kv.data(), Row(position));
    EncodeIndexKey(layout, key.data(), position % 64,
                   index_keys_.data() + page * 64 * layout.IndexKeyBytes());
  }
}

std::byte* TestCache::Row(int64_t position) const {
  const int64_t page = page_table_[static_cast<size_t>(position / 64)];
  return latents_.data() + (page * 64 + position % 64) * layout_.LatentBytes();
}

CacheRows CacheView::rows() const {
  CacheRows rows = {};
  rows.latents = latents;
  rows.index_keys = index_keys;
  rows.page_table = page_table;
  rows.latent_bytes = layout.LatentBytes();
  rows.index_bytes = layout.IndexKeyBytes();
  rows.latent_dim = layout.latent_dim;
  rows.rope_dim = layout.rope_dim;
  rows.index_dim = layout.index_dim;
  rows.type = static_cast<uint8_t>(layout.type);
  return rows;
}

double CacheView::Latent(int64_t position, int64_t d) const {
  const int64_t row = page_table[position / 64] * int64_t{64} + position % 64;
  return DecodeLatent(layout, latents + row * layout.LatentBytes(), d);
}

double CacheView::IndexKey(int64_t position, int64_t d) const {
  const std::byte* page =
      index_keys + page_table[position / 64] * int64_t{64} * layout.IndexKeyBytes();
  return DecodeIndexKey(layout, page, position % 64, d);
}

}  // namespace fathom::test
