// The kernels for avx2; compiled with its instructions (cmake/KernelIsa.cmake).
#include "cpu/kernels/kernel_table.h"

#define FATHOM_ISA_NAMESPACE avx2

namespace fathom::FATHOM_ISA_NAMESPACE {
static constexpr const char* kName = "avx2";
static constexpr const char* kNeeds = "AVX2, FMA and F16C";
}  // namespace fathom::FATHOM_ISA_NAMESPACE

#include "cpu/kernels/vec_avx2.h"

#include "cpu/kernels/table-inl.h"
