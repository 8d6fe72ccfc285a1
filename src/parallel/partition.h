// A range cut into pieces of equal size.
#pragma once

#include <algorithm>
#include <cstdint>

namespace fathom {

struct Range {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t size() const { return end - begin; }
};

constexpr int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Piece `index` of [0, total) cut into pieces of `grain`; the last may be shorter.
constexpr Range Piece(int64_t total, int64_t grain, int64_t index) {
  return {index * grain, std::min(total, (index + 1) * grain)};
}

// A piece size, a multiple of `align`, that gives each of `workers` about `pieces_each` pieces of
// [0, total): enough to even out differences in speed, few enough to keep each piece worth its
// hand-over. Results must not depend on it.
constexpr int64_t GrainFor(int64_t total, int64_t align, int workers, int pieces_each = 4) {
  const int64_t pieces = std::max<int64_t>(1, int64_t{workers} * pieces_each);
  return std::max(align, CeilDiv(CeilDiv(total, pieces), align) * align);
}

}  // namespace fathom
