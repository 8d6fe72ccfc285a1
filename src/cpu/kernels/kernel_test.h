// The fixture of kernel tests: every suite runs on every table that this machine can run.
//
//   class TopKTest : public test::KernelTest {};
//   INSTANTIATE_TEST_SUITE_P(EveryTable, TopKTest, test::kEveryTable, test::TableName);
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "cpu/kernels/dispatch.h"

namespace fathom::test {

class KernelTest : public testing::TestWithParam<const KernelTable*> {
 protected:
  const KernelTable& table() const { return *GetParam(); }
};

inline const auto kEveryTable = testing::ValuesIn(SupportedKernels());

inline std::string TableName(const testing::TestParamInfo<const KernelTable*>& info) {
  return info.param->name;
}

}  // namespace fathom::test
