// The kernels for avx512; compiled with its instructions (cmake/KernelIsa.cmake).
#include "cpu/kernels/kernel_table.h"

#define FATHOM_ISA_NAMESPACE avx512

namespace fathom::FATHOM_ISA_NAMESPACE {
static constexpr const char* kName = "avx512";
static constexpr const char* kNeeds = "AVX-512 F, BW, DQ and VL";
}  // namespace fathom::FATHOM_ISA_NAMESPACE

#include "cpu/kernels/vec_avx512.h"

#include "cpu/kernels/table-inl.h"
