#include "parallel/topology.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <thread>

namespace fathom {
namespace {

int CoresInAffinityMask() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (::sched_getaffinity(0, sizeof(mask), &mask) == 0) return CPU_COUNT(&mask);
  return static_cast<int>(std::thread::hardware_concurrency());  // more than 1,024 processors
}

// cpu.max of control groups v2 holds "quota period" in microseconds, or "max period".
int CoresInQuota(int otherwise) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen("/sys/fs/cgroup/cpu.max", "re"),
                                                   &std::fclose);
  double quota = 0, period = 0;
  if (file == nullptr || std::fscanf(file.get(), "%lf %lf", &quota, &period) != 2) return otherwise;
  if (quota <= 0 || period <= 0) return otherwise;
  return static_cast<int>(std::ceil(quota / period));
}

}  // namespace

int UsableCores() {
  const int cores = CoresInAffinityMask();
  return std::max(1, std::min(cores, CoresInQuota(cores)));
}

}  // namespace fathom
