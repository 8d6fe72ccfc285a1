#include "version_text.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "cpu/kernels/dispatch.h"
#include "model_flags.h"

namespace fathom {
namespace {

// "avx2 scalar (not on this machine: avx512bf16 avx512)"
std::string InstructionSets() {
  std::string sets;
  for (const KernelTable* table : SupportedKernels()) {
    if (!sets.empty()) sets += ' ';
    sets += table->name;
  }
  const std::string others = UnsupportedKernelNames();
  return others.empty() ? sets : fmt::format("{} (not on this machine: {})", sets, others);
}

std::string InUse() {
  const Result<const KernelTable*> chosen = ChooseKernelsFromEnvironment();
  return chosen.ok() ? (*chosen)->name : "none: " + chosen.status().message();
}

}  // namespace

std::string VersionNumber() { return fmt::format("{}, {}", FATHOM_VERSION, FATHOM_COMPILER); }

std::string VersionText(std::string_view commit) {
  return fmt::format(
      "fathom {}\n"
      "commit            {}\n"
      "compiler          {}\n"
      "instruction sets  {}\n"
      "in use            {}\n"
      "numeric modes     {}\n",
      FATHOM_VERSION, commit, FATHOM_COMPILER, InstructionSets(), InUse(),
      fmt::join(NumericModes(), " "));
}

}  // namespace fathom
