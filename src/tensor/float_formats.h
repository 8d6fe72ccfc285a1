// The small float formats ↔ f32: exact, scalar, the ground truth for every kernel.
//
// Narrowing rounds to nearest, ties to even. Sources: IEEE 754 (f16), OCP 8-bit floating point
// specification 1.0 (e4m3: no infinity, NaN = 0x7F and 0xFF), OCP microscaling (e8m0).
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace fathom {

struct BF16 {
  uint16_t bits;
};
struct F16 {
  uint16_t bits;
};
struct E4M3 {
  uint8_t bits;
};
struct E8M0 {
  uint8_t bits;
};

constexpr float ToFloat(BF16 x) { return std::bit_cast<float>(uint32_t{x.bits} << 16); }

constexpr BF16 ToBF16(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  if ((bits & 0x7FFFFFFF) > 0x7F800000) {  // NaN stays NaN
    return {static_cast<uint16_t>(bits >> 16 | 0x40)};
  }
  return {static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)};
}

// Rounds to bf16 and back: what storing in bf16 does to a number.
constexpr float RoundToBF16(float x) { return ToFloat(ToBF16(x)); }

constexpr float ToFloat(F16 x) {
  const uint32_t sign = static_cast<uint32_t>(x.bits & 0x8000) << 16;
  const uint32_t exponent = x.bits >> 10 & 31, mantissa = x.bits & 1023;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;
    return sign ? -magnitude : magnitude;
  }
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000 | mantissa << 13);
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

// Beyond the largest f16 gives infinity.
constexpr F16 ToF16(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return {static_cast<uint16_t>(sign | 0x7E00)};
  if (magnitude >= 0x477FF000) return {static_cast<uint16_t>(sign | 0x7C00)};  // ≥ 65520
  if (magnitude < 0x38800000) {  // below 2^-14: in units of 2^-24; adding 0.5 rounds in hardware
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    return {static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3F000000))};
  }
  const uint32_t rounded = magnitude + 0xFFF + (magnitude >> 13 & 1);
  return {static_cast<uint16_t>(sign | (rounded - 0x38000000) >> 13)};
}

constexpr bool IsNaN(E4M3 x) { return (x.bits & 0x7F) == 0x7F; }
constexpr bool IsNaN(E8M0 x) { return x.bits == 0xFF; }

constexpr float ToFloat(E4M3 x) {
  if (IsNaN(x)) return std::bit_cast<float>(uint32_t{0x7FC00000});
  const uint32_t sign = static_cast<uint32_t>(x.bits & 0x80) << 24;
  const uint32_t exponent = x.bits >> 3 & 15, mantissa = x.bits & 7;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-9F;
    return sign ? -magnitude : magnitude;
  }
  return std::bit_cast<float>(sign | (exponent + 120) << 23 | mantissa << 20);
}

// Clamps to ±448, as the reference does before it converts; NaN stays NaN.
constexpr E4M3 ToE4M3(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  const auto sign = static_cast<uint8_t>(bits >> 24 & 0x80);
  const uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return {static_cast<uint8_t>(sign | 0x7F)};
  if (magnitude >= 0x43E00000) return {static_cast<uint8_t>(sign | 0x7E)};  // ≥ 448
  if (magnitude < 0x3C800000) {  // below 2^-6: in units of 2^-9
    const float shifted = std::bit_cast<float>(magnitude) + 0x1p14F;
    return {static_cast<uint8_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x46800000))};
  }
  const uint32_t rounded = magnitude + 0x7FFFF + (magnitude >> 20 & 1);
  return {static_cast<uint8_t>(sign | (rounded - 0x3C000000) >> 20)};
}

// 2^(bits - 127); 0xFF is NaN.
constexpr float ToFloat(E8M0 x) {
  if (IsNaN(x)) return std::bit_cast<float>(uint32_t{0x7FC00000});
  if (x.bits == 0) return 0x1p-127F;
  return std::bit_cast<float>(static_cast<uint32_t>(x.bits) << 23);
}

}  // namespace fathom
