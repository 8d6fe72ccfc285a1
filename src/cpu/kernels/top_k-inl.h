// The k largest of a row by radix selection: three counts over 11, 11 and 10 bits of an
// order-preserving integer find the k-th value, one pass collects. O(n) whatever the values, and
// ascending positions come out for free, ties at the lower ones first.
// Compiled once per instruction set: a vec_*.h stands before it.
#pragma once

namespace fathom::FATHOM_ISA_NAMESPACE {

// Larger floats have larger keys; -0 and +0 have the same one, and so has every NaN.
static inline uint32_t OrderKey(float x) {
  if (x != x) return 0xFFFFFFFF;
  x += 0.0F;
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  const uint32_t flip = static_cast<uint32_t>(static_cast<int32_t>(bits) >> 31) | 0x80000000;
  return bits ^ flip;
}

static void TopK(const TopKTask& t) {
  uint32_t prefix = 0, mask = 0;  // keys with (key & mask) == prefix are still undecided
  int64_t wanted = t.k;           // of the undecided, this many are among the k largest
  constexpr int kShifts[] = {21, 10, 0};
  for (const int shift : kShifts) {
    const uint32_t digits = shift == 0 ? 1024 : 2048;
    std::memset(t.scratch, 0, digits * sizeof(uint32_t));
    for (int64_t i = 0; i < t.count; ++i) {
      const uint32_t key = OrderKey(t.scores[i]);
      if ((key & mask) == prefix) ++t.scratch[key >> shift & (digits - 1)];
    }
    uint32_t digit = digits - 1;
    while (t.scratch[digit] < wanted) wanted -= t.scratch[digit--];
    prefix |= digit << shift;
    mask |= (digits - 1) << shift;
  }
  int64_t taken = 0;
  for (int64_t i = 0; i < t.count; ++i) {
    const uint32_t key = OrderKey(t.scores[i]);
    const bool tie = key == prefix && wanted > 0;
    if (key > prefix || tie) {
      t.selected[taken++] = static_cast<int32_t>(i);
      wanted -= tie;
    }
  }
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
