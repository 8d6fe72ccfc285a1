#include "cpu/cpu_features.h"

namespace fathom {

CpuFeatures DetectCpuFeatures() {
  // The compiler's built-in asks CPUID, and XGETBV for what the system saves on a task switch.
  __builtin_cpu_init();
  CpuFeatures features;
  features.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                  __builtin_cpu_supports("f16c");
  features.avx512 = features.avx2 && __builtin_cpu_supports("avx512f") &&
                    __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl");
  features.avx512bf16 = features.avx512 && __builtin_cpu_supports("avx512bf16");
  return features;
}

}  // namespace fathom
