// The k largest of a row by radix selection: counts over 11, 11 and 10 bits of an order-preserving
// integer narrow the range of keys in which the k-th lies, then one pass collects. O(n) whatever
// the values, and ascending positions come out for free, ties at the lower ones first.
//
// Counting is what costs, so only the first pass counts every key; a later one looks at whole
// vectors and counts where a key is still undecided, unless most of them are.
// Compiled once per instruction set: a vec_*.h stands before it.
#pragma once

#include "cpu/kernels/dot-inl.h"

namespace fathom::FATHOM_ISA_NAMESPACE {

// Neighbours count in tables of their own: many equal keys would otherwise wait for one another's
// counter. The last counter of a table is for keys that are not counted.
inline constexpr int64_t kCountTables = 4, kDigits = 2048, kTableSize = kDigits + 4;
static_assert(kCountTables * kTableSize <= kTopKScratch);

// Keys above [low, low + span] are among the k largest, those below are not; of the `undecided`
// keys inside, `wanted` are.
struct KeyRange {
  uint32_t low = 0, span = 0xFFFFFFFF;
  int64_t undecided, wanted;
};

// f(keys, position, mask of the keys that exist), a vector at a time.
template <typename F>
static inline void ForKeys(const TopKTask& t, F f) {
  constexpr uint32_t kAll = (1U << kLanes) - 1;
  int64_t i = 0;
  for (; i + kLanes <= t.count; i += kLanes) f(OrderKeys(Load(t.scores + i)), i, kAll);
  if (i < t.count) {
    f(OrderKeys(LoadPart(t.scores + i, t.count - i)), i, (1U << (t.count - i)) - 1);
  }
}

// kEvery: every key is undecided.
template <bool kEvery>
static inline void CountAll(const TopKTask& t, const KeyRange& range, int shift, uint32_t mask) {
  ForKeys(t, [&](Keys keys, int64_t, uint32_t exist) {
    uint32_t key[kLanes];
    StoreKeys(keys, key);
#pragma GCC unroll 16
    for (int j = 0; j < kLanes; ++j) {
      const bool undecided = kEvery || key[j] - range.low <= range.span;
      const bool counts = (exist >> j & 1) != 0 && undecided;
      const uint32_t digit = counts ? key[j] >> shift & mask : kDigits;
      ++t.scratch[j % kCountTables * kTableSize + digit];
    }
  });
}

static inline void CountUndecided(const TopKTask& t, const KeyRange& range, int shift,
                                  uint32_t mask) {
  ForKeys(t, [&](Keys keys, int64_t, uint32_t exist) {
    uint32_t inside = KeysInRange(keys, range.low, range.span) & exist;
    if (inside == 0) return;
    uint32_t key[kLanes];
    StoreKeys(keys, key);
    for (; inside != 0; inside &= inside - 1) {
      const int j = __builtin_ctz(inside);
      ++t.scratch[j % kCountTables * kTableSize + (key[j] >> shift & mask)];
    }
  });
}

// The digit in which the k-th largest lies; updates `undecided` and `wanted`.
static inline uint32_t FindDigit(uint32_t* counts, KeyRange* range) {
  for (int64_t i = 0; i < kDigits; ++i) {
    for (int64_t table = 1; table < kCountTables; ++table) {
      counts[i] += counts[table * kTableSize + i];
    }
  }
  // From the largest, in strides first.
  constexpr int64_t kStride = 32;
  int64_t end = kDigits;
  while (true) {
    int64_t sum = 0;
    for (int64_t i = end - kStride; i < end; ++i) sum += counts[i];
    if (sum >= range->wanted) break;
    range->wanted -= sum;
    end -= kStride;
  }
  int64_t digit = end - 1;
  while (counts[digit] < range->wanted) range->wanted -= counts[digit--];
  range->undecided = counts[digit];
  return static_cast<uint32_t>(digit);
}

static void Collect(const TopKTask& t, const KeyRange& range) {
  int32_t* next = t.selected;
  int64_t ties = range.wanted;
  ForKeys(t, [&](Keys keys, int64_t position, uint32_t exist) {
    uint32_t taken = KeysInRange(keys, range.low, 0xFFFFFFFF - range.low) & exist;
    if (taken == 0) return;
    const uint32_t inside = KeysInRange(keys, range.low, range.span) & taken;
    if (inside != 0) {
      uint32_t rest = inside;  // those that find no place any more
      for (; rest != 0 && ties > 0; rest &= rest - 1) --ties;
      taken &= ~rest;
    }
    for (; taken != 0; taken &= taken - 1) {
      *next++ = static_cast<int32_t>(position) + __builtin_ctz(taken);
    }
  });
}

static void TopK(const TopKTask& t) {
  KeyRange range;
  range.undecided = t.count;
  range.wanted = t.k;
  constexpr int kShifts[] = {21, 10, 0};
  for (const int shift : kShifts) {
    const uint32_t mask = shift == 0 ? 1023 : 2047;
    std::memset(t.scratch, 0, kCountTables * kTableSize * sizeof(uint32_t));
    if (range.undecided == t.count) {
      CountAll<true>(t, range, shift, mask);
    } else if (range.undecided * 8 > t.count) {
      CountAll<false>(t, range, shift, mask);
    } else {
      CountUndecided(t, range, shift, mask);
    }
    range.low |= FindDigit(t.scratch, &range) << shift;
    range.span = (1U << shift) - 1;
    if (range.undecided == range.wanted) break;  // all of them
  }
  Collect(t, range);
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
