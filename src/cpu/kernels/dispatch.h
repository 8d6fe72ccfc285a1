// Which kernels this machine can run, and which it uses.
#pragma once

#include <span>
#include <string>

#include "base/status.h"
#include "cpu/kernels/kernel_table.h"

namespace fathom {

// Tables this machine runs, best first; "scalar" is always the last.
std::span<const KernelTable* const> SupportedKernels();

// Names of all tables in this build that the machine cannot run, for reports.
std::string UnsupportedKernelNames();

// The table called `isa`, or the best for an empty name. The error lists what would work.
Result<const KernelTable*> ChooseKernels(const std::string& isa);

// The same for what FATHOM_ISA says, if it is set.
Result<const KernelTable*> ChooseKernelsFromEnvironment();

}  // namespace fathom
