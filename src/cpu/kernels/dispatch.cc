#include "cpu/kernels/dispatch.h"

#include <cstdlib>
#include <vector>

#include "cpu/cpu_features.h"

namespace fathom {

namespace scalar {
extern const KernelTable kTable;
}
namespace avx2 {
extern const KernelTable kTable;
}
namespace avx512 {
extern const KernelTable kTable;
}
namespace avx512bf16 {
extern const KernelTable kTable;
}

namespace {

struct Candidate {
  const KernelTable* table;
  bool runs;
};

// Best first.
std::vector<Candidate> Candidates() {
  const CpuFeatures features = DetectCpuFeatures();
  return {{&avx512bf16::kTable, features.avx512bf16},
          {&avx512::kTable, features.avx512},
          {&avx2::kTable, features.avx2},
          {&scalar::kTable, true}};
}

}  // namespace

std::span<const KernelTable* const> SupportedKernels() {
  static const std::vector<const KernelTable*> supported = [] {
    std::vector<const KernelTable*> tables;
    for (const Candidate& candidate : Candidates()) {
      if (candidate.runs) tables.push_back(candidate.table);
    }
    return tables;
  }();
  return supported;
}

std::string UnsupportedKernelNames() {
  std::string names;
  for (const Candidate& candidate : Candidates()) {
    if (candidate.runs) continue;
    if (!names.empty()) names += ' ';
    names += candidate.table->name;
  }
  return names;
}

Result<const KernelTable*> ChooseKernels(const std::string& isa) {
  std::string names;
  for (const KernelTable* table : SupportedKernels()) {
    if (isa.empty() || isa == table->name) return table;
    if (!names.empty()) names += ' ';
    names += table->name;
  }
  return InvalidArgument("FATHOM_ISA={}, but this machine runs only: {}", isa, names);
}

Result<const KernelTable*> ChooseKernelsFromEnvironment() {
  const char* isa = std::getenv("FATHOM_ISA");
  return ChooseKernels(isa == nullptr ? "" : isa);
}

}  // namespace fathom
