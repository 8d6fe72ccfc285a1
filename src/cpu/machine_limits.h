// What this machine can do at most: multiply-adds per second and bytes read per second. Measured
// figures are compared with these.
//
// A figure is that of a fast batch (a few hundred microseconds of a thread's processor time; a
// tenth of them are faster), because other programs can only make one slower.
#pragma once

#include <functional>

#include "base/status.h"
#include "cpu/kernels/kernel_table.h"

namespace fathom {

// Time for which the calling thread had a processor.
double ProcessorSeconds();

// Processor seconds of one call of `run` in a batch that a tenth of the batches beat, of those that
// fit into `budget` seconds. The very fastest are errors of the clock.
double FastSeconds(double budget, const std::function<void()>& run);

// FLOP/s of f32 multiply-adds with vectors of `lanes` (4, 8 or 16, which the processor has), summed
// over `threads` that run at once.
double PeakFlops(int lanes, int threads);

// The same for products of bf16 pairs, with AVX512-BF16.
double PeakBF16Flops(int threads);

// Bytes/s read from memory far larger than the caches. kResourceExhausted without 512 MiB.
Result<double> PeakReadBytes(int threads);

struct MachineLimits {
  double flops = 0;       // f32
  double bf16_flops = 0;  // 0 where the kernels have no bf16 products
  double read_bytes = 0;
};

// Those that hold for the kernels of `table`; takes about a second.
Result<MachineLimits> MeasureMachineLimits(const KernelTable& table, int threads);

}  // namespace fathom
