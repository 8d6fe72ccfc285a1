#include "version_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "cpu/kernels/dispatch.h"

namespace fathom {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::StartsWith;

TEST(VersionText, SaysWhatWasBuiltAndWhatIsUsed) {
  const std::string text = VersionText("0123456789ab");
  EXPECT_THAT(text, StartsWith("fathom 0."));
  EXPECT_THAT(text, HasSubstr("\ncommit            0123456789ab\n"));
  EXPECT_THAT(text, ContainsRegex("\ncompiler          [A-Za-z]+ [0-9.]+, [A-Za-z]+\n"));
  EXPECT_THAT(text, HasSubstr("\nnumeric modes     reference "));
  const auto chosen = ChooseKernelsFromEnvironment();
  ASSERT_TRUE(chosen.ok()) << chosen.status().message();
  EXPECT_THAT(text, HasSubstr("\nin use            " + std::string((*chosen)->name) + "\n"));
}

TEST(VersionText, NamesEveryInstructionSetOnce) {
  const std::string text = VersionText("unknown");
  const size_t begin = text.find("instruction sets");
  const std::string line = text.substr(begin, text.find('\n', begin) - begin);
  for (const char* name : {"scalar", "avx2", "avx512", "avx512bf16"}) {
    EXPECT_THAT(line, ContainsRegex("[ (]" + std::string(name) + "([ )]|$)"));
  }
}

TEST(VersionText, SaysWhyNoInstructionSetIsUsed) {
  const char* before = std::getenv("FATHOM_ISA");
  const std::string saved = before == nullptr ? "" : before;
  ASSERT_EQ(::setenv("FATHOM_ISA", "abacus", 1), 0);
  EXPECT_THAT(
      VersionText("unknown"),
      HasSubstr("\nin use            none: FATHOM_ISA=abacus, but this machine runs only: "));
  before == nullptr ? ::unsetenv("FATHOM_ISA") : ::setenv("FATHOM_ISA", saved.c_str(), 1);
}

}  // namespace
}  // namespace fathom
