// A float as its bits and back, for kernels that count or round by hand.
// Compiled once per instruction set, like everything that includes it.
#pragma once

#include <cstdint>
#include <cstring>

namespace fathom::FATHOM_ISA_NAMESPACE {

static inline uint32_t BitsOf(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  return bits;
}
static inline float FloatOf(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, 4);
  return x;
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
