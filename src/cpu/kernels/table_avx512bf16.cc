// The kernels for avx512bf16; compiled with its instructions (cmake/KernelIsa.cmake).
#include "cpu/kernels/kernel_table.h"

#define FATHOM_ISA_NAMESPACE avx512bf16
#define FATHOM_BF16_DOT 1

namespace fathom::FATHOM_ISA_NAMESPACE {
static constexpr const char* kName = "avx512bf16";
static constexpr const char* kNeeds = "AVX-512 F, BW, DQ, VL and BF16";
}  // namespace fathom::FATHOM_ISA_NAMESPACE

#include "cpu/kernels/vec_avx512.h"

#include "cpu/kernels/table-inl.h"
