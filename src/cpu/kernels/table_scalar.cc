// The kernels for scalar; compiled with its instructions (cmake/KernelIsa.cmake).
#include "cpu/kernels/kernel_table.h"

#define FATHOM_ISA_NAMESPACE scalar

namespace fathom::FATHOM_ISA_NAMESPACE {
static constexpr const char* kName = "scalar";
static constexpr const char* kNeeds = "nothing beyond x86-64";
}  // namespace fathom::FATHOM_ISA_NAMESPACE

#include "cpu/kernels/vec_scalar.h"

#include "cpu/kernels/table-inl.h"
