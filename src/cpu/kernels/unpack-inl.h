// Stored elements → f32 vectors. e4m3 comes out as value × 2^-8; whoever scales puts the 2^8 back.
// Compiled once per instruction set: a vec_*.h stands before it.
#pragma once

namespace fathom::FATHOM_ISA_NAMESPACE {

// What an unpacked e4m3 element must be multiplied with.
inline constexpr float kE4M3Unit = 256.0F;

template <Packed kPacked>
inline constexpr int64_t kBytesOf = kPacked == Packed::kF32    ? 4
                                    : kPacked == Packed::kE4M3 ? 1
                                                               : 2;

template <Packed kPacked>
static inline Vec LoadPacked(const std::byte* p) {
  if constexpr (kPacked == Packed::kF32) return Load(reinterpret_cast<const float*>(p));
  if constexpr (kPacked == Packed::kF16) return LoadF16(reinterpret_cast<const uint16_t*>(p));
  if constexpr (kPacked == Packed::kBF16) return LoadBF16(reinterpret_cast<const uint16_t*>(p));
  if constexpr (kPacked == Packed::kE4M3) return LoadE4M3(reinterpret_cast<const uint8_t*>(p));
}

// The first n < kLanes elements, the rest 0; reads nothing beyond them.
template <Packed kPacked>
static inline Vec LoadPackedPart(const std::byte* p, int64_t n) {
  if constexpr (kPacked == Packed::kF32) {
    return LoadPart(reinterpret_cast<const float*>(p), n);
  } else {
    alignas(64) std::byte buffer[4 * kLanes] = {};
    std::memcpy(buffer, p, static_cast<size_t>(n * kBytesOf<kPacked>));
    return LoadPacked<kPacked>(buffer);
  }
}

// n elements → floats; e4m3 still × 2^-8 unless `unit` puts it back.
template <Packed kPacked>
static inline void UnpackRow(const std::byte* from, int64_t n, float unit, float* out) {
  constexpr int64_t kBytes = kBytesOf<kPacked>;
  const Vec factor = Set(unit);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    Store(Mul(LoadPacked<kPacked>(from + i * kBytes), factor), out + i);
  }
  if (i < n)
    StorePart(Mul(LoadPackedPart<kPacked>(from + i * kBytes, n - i), factor), out + i, n - i);
}

static inline void UnpackRowOf(Packed packed, const std::byte* from, int64_t n, float unit,
                               float* out) {
  switch (packed) {
    case Packed::kF32:
      return UnpackRow<Packed::kF32>(from, n, unit, out);
    case Packed::kF16:
      return UnpackRow<Packed::kF16>(from, n, unit, out);
    case Packed::kBF16:
      return UnpackRow<Packed::kBF16>(from, n, unit, out);
    case Packed::kE4M3:
      return UnpackRow<Packed::kE4M3>(from, n, unit, out);
  }
}

static void Unpack(const std::byte* from, Packed packed, int64_t n, float* out) {
  UnpackRowOf(packed, from, n, packed == Packed::kE4M3 ? kE4M3Unit : 1.0F, out);
}

static void PackBF16(const float* x, int64_t n, uint16_t* out) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) StoreBF16(Load(x + i), out + i);
  if (i < n) {
    uint16_t buffer[kLanes];
    StoreBF16(LoadPart(x + i, n - i), buffer);
    std::memcpy(out + i, buffer, static_cast<size_t>(n - i) * 2);
  }
}

static void RoundBF16(float* x, int64_t n) {
  constexpr int64_t kPiece = 256;
  uint16_t packed[kPiece];
  for (int64_t i = 0; i < n; i += kPiece) {
    const int64_t count = n - i < kPiece ? n - i : kPiece;
    PackBF16(x + i, count, packed);
    UnpackRow<Packed::kBF16>(reinterpret_cast<const std::byte*>(packed), count, 1.0F, x + i);
  }
}

// Scale `index` of a matrix; see tensor/float_formats.h for e8m0.
static inline float ScaleOf(const std::byte* scales, bool e8m0, int64_t index) {
  uint32_t bits;
  if (e8m0) {
    const auto exponent = static_cast<uint32_t>(scales[index]);
    bits = exponent == 0 ? 0x00400000 : exponent == 0xFF ? 0x7FC00000 : exponent << 23;
  } else {
    std::memcpy(&bits, scales + index * 4, 4);
  }
  float scale;
  std::memcpy(&scale, &bits, 4);
  return scale;
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
