#include "cpu/cpu_features.h"

#include <cpuid.h>

#include <array>
#include <cstring>

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

std::string ProcessorName() {
  constexpr unsigned kFirstLeaf = 0x80000002, kLeaves = 3;
  std::array<unsigned, 4 * kLeaves> words = {};
  for (unsigned leaf = 0; leaf < kLeaves; ++leaf) {
    unsigned* w = words.data() + size_t{4} * leaf;
    if (__get_cpuid(kFirstLeaf + leaf, w, w + 1, w + 2, w + 3) == 0) return "unknown processor";
  }
  char text[sizeof(words) + 1] = {};
  std::memcpy(text, words.data(), sizeof(words));
  std::string name(text);
  name.erase(0, name.find_first_not_of(' '));
  name.erase(name.find_last_not_of(' ') + 1);
  return name.empty() ? "unknown processor" : name;
}

}  // namespace fathom
