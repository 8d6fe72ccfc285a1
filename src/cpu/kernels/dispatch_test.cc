#include "cpu/kernels/dispatch.h"

#include <gtest/gtest.h>

#include <iostream>

namespace fathom {
namespace {

TEST(Dispatch, ScalarIsAlwaysThereAndLast) {
  ASSERT_FALSE(SupportedKernels().empty());
  EXPECT_STREQ(SupportedKernels().back()->name, "scalar");
  std::cout << "kernel tables not run on this machine: "
            << (UnsupportedKernelNames().empty() ? "none" : UnsupportedKernelNames()) << "\n";
}

TEST(Dispatch, EveryTableIsSupportedOrNot) {
  std::string names = UnsupportedKernelNames();
  for (const KernelTable* table : SupportedKernels()) names += std::string(" ") + table->name;
  for (const char* name : {"scalar", "avx2", "avx512", "avx512bf16"}) {
    EXPECT_NE((" " + names + " ").find(std::string(" ") + name + " "), std::string::npos) << name;
  }
}

TEST(Dispatch, ChoosesTheBestOrTheNamed) {
  EXPECT_EQ(ChooseKernels("").value(), SupportedKernels().front());
  for (const KernelTable* table : SupportedKernels()) {
    EXPECT_EQ(ChooseKernels(table->name).value(), table);
  }
}

TEST(Dispatch, AWrongNameIsAnsweredWithTheRightOnes) {
  std::string names;
  for (const KernelTable* table : SupportedKernels()) {
    names += names.empty() ? "" : " ";
    names += table->name;
  }
  const auto wrong = ChooseKernels("sse9");
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.status().message(), "FATHOM_ISA=sse9, but this machine runs only: " + names);
}

}  // namespace
}  // namespace fathom
