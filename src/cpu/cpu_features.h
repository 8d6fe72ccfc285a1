// What this processor and operating system can run. Compiled without instruction-set flags.
#pragma once

#include <string>

namespace fathom {

struct CpuFeatures {
  bool avx2 = false;        // with FMA and F16C
  bool avx512 = false;      // F, BW, DQ and VL
  bool avx512bf16 = false;  // those and BF16
};

CpuFeatures DetectCpuFeatures();

// What the processor calls itself ("AMD EPYC 7763 64-Core Processor"), or "unknown processor".
std::string ProcessorName();

}  // namespace fathom
