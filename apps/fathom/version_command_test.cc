// What the built program says of itself; version_text_test.cc has the details.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/program.h"

namespace fathom {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

TEST(VersionCommand, NamesTheCommitThatWasBuilt) {
  const test::ProgramResult result = test::RunFathom({"--version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(result.out, ContainsRegex("^fathom [0-9.]+\ncommit            "
                                        "([0-9a-f]{12}(-dirty)?|unknown)\ncompiler "));
  EXPECT_EQ(result.out.back(), '\n');
}

TEST(VersionCommand, IsNoFlagOfACommand) {
  const test::ProgramResult result = test::RunFathom({"run", "--version"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("--version"));
}

}  // namespace
}  // namespace fathom
