#include "runtime/memory_plan.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <memory>

#include "base/number_text.h"

namespace fathom {
namespace {

using File = std::unique_ptr<FILE, int (*)(FILE*)>;

File Open(const char* path) { return File(std::fopen(path, "re"), &std::fclose); }

int64_t NumberIn(const char* path, int64_t otherwise) {
  const File file = Open(path);
  long long value = 0;
  if (file == nullptr || std::fscanf(file.get(), "%lld", &value) != 1) return otherwise;
  return value;  // memory.max may hold the word "max", which is no number
}

int64_t KernelEstimate() {
  const File file = Open("/proc/meminfo");
  char line[256];
  while (file != nullptr && std::fgets(line, sizeof(line), file.get()) != nullptr) {
    long long kibibytes = 0;
    if (std::sscanf(line, "MemAvailable: %lld kB", &kibibytes) == 1) return kibibytes * 1024;
  }
  return std::numeric_limits<int64_t>::max();
}

}  // namespace

int64_t AvailableMemory() {
  constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();
  const int64_t limit = NumberIn("/sys/fs/cgroup/memory.max", kNoLimit);
  const int64_t used = NumberIn("/sys/fs/cgroup/memory.current", 0);
  const int64_t group = limit == kNoLimit ? kNoLimit : std::max<int64_t>(0, limit - used);
  return std::min(KernelEstimate(), group);
}

std::string MemoryPlan::Describe() const {
  return fmt::format("weights {} + cache {} ({} tokens, {}) + activations {} = {} of {} available",
                     FormatBytes(weights), FormatBytes(cache), context, cache_type,
                     FormatBytes(activations), FormatBytes(total()), FormatBytes(available));
}

Status MemoryPlan::Check(bool weights_from_disk) const {
  const int64_t fixed = (weights_from_disk ? 0 : weights) + activations;
  if (fixed + cache <= available) return {};
  const int64_t room = available - fixed;
  std::string hint;
  if (room > token_bytes) {
    hint = fmt::format("; a context of {} tokens would fit", room / token_bytes / 64 * 64);
  } else if (weights > available) {
    hint = "; --weights-from-disk runs all the same, at the speed of the disk";
  }
  return ResourceExhausted("this does not fit into memory: {}{}", Describe(), hint);
}

}  // namespace fathom
