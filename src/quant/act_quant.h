// The dynamic 1×128 quantiser of activations (spec 6.2): each run of 128 values along K becomes
// e4m3 codes and one f32 scale. Exact and scalar: the ground truth for kernels.
//
// The scale is rounded before the values are divided by it; rounding it afterwards costs an order
// of magnitude in accuracy (spec pitfall 16). The largest magnitude counts as 1e-4 at least. That
// floor is on the magnitude, also for the latent cache, as in the official inference code; the
// floor on the scale that FlashMLA's own test uses would coarsen very small tiles (pitfall 18).
#pragma once

#include <cstdint>

#include "tensor/float_formats.h"

namespace fathom {

inline constexpr int kActivationBlock = 128;

enum class ScaleFormat {
  kUE8M0,  // scale_fmt "ue8m0": the next power of two; DeepSeek-V3.2 everywhere
  kPlain,  // no scale_fmt: amax / 448 as it is
};

// The scale of a block whose largest magnitude is `amax`.
float ActQuantScale(float amax, ScaleFormat format);

// Quantises one block of 1 to 128 values and returns its scale. NaN stays NaN and does not count
// towards the largest magnitude.
float ActQuantBlock(const float* x, int64_t count, ScaleFormat format, E4M3* codes);

// x [count] → codes [count], scales [ceil(count / 128)].
void ActQuant(const float* x, int64_t count, ScaleFormat format, E4M3* codes, float* scales);

// The inverse: out[i] = codes[i] · scales[i / 128].
void ActDequant(const E4M3* codes, const float* scales, int64_t count, float* out);

}  // namespace fathom
