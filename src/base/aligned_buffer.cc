#include "base/aligned_buffer.h"

#include <sys/mman.h>

namespace fathom {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

}  // namespace

Result<AlignedBuffer> AlignedBuffer::Allocate(size_t bytes) {
  if (bytes == 0) return AlignedBuffer();
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    return ResourceExhausted("no memory for {} bytes", bytes);
  }
  // Advice only: without it everything works, more slowly.
  if (bytes >= kHugePage) (void)::madvise(memory, bytes, MADV_HUGEPAGE);
  return AlignedBuffer(static_cast<std::byte*>(memory), bytes);
}

AlignedBuffer::~AlignedBuffer() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

}  // namespace fathom
