// How far each numeric mode may lie from golden data: one table, explained in docs/numerics.md.
#pragma once

#include <cstdint>

#include "backend/backend.h"

namespace fathom {

// Differences are relative to max(1, root mean square of the golden values), so that one bound
// serves residual streams and logits of any size; official numbers have absolute bounds.
struct Bounds {
  double max_abs;        // largest difference
  double mean_abs;       // mean difference
  double clear_margin;   // top-1 must agree where the golden margin exceeds this
  double least_overlap;  // of selected positions, per layer
  bool relative = true;
};

// A selection's near tie can fall the other way in the last bit and move everything after it; the
// chance grows with the number of selections, so long prompts have bounds of their own.
inline constexpr int64_t kLongPrompt = 2048;

constexpr Bounds BoundsFor(Numerics numerics, int64_t tokens) {
  if (numerics == Numerics::kReference) {
    return tokens <= kLongPrompt ? Bounds{5e-5, 1e-5, 0.02, 1.0} : Bounds{1.3e-3, 3e-4, 0.02, 0.99};
  }
  // Rounding flips a near tie of experts or positions now and then, and one such row moves by
  // units, so the mean is what tells.
  return {2.5, 0.05, 2.5, 0.9};
}

// Against the numbers of DeepSeek's own code, for a prompt pass and for single tokens. They are the
// noise of its format: how far that code's own two paths lie from each other on the same model.
// Other modes have the same bounds and leave them, so that `verify` says what they are not.
constexpr Bounds OfficialBoundsFor(int64_t tokens, bool decode) {
  const bool is_short = tokens <= 256;
  const double mean = is_short ? (decode ? 0.025 : 0.022) : (decode ? 0.07 : 0.05);
  return {2.5, mean, 2.5, is_short ? 0.99 : 0.9, false};
}

}  // namespace fathom
