#include "flag_kind.h"

#include <gtest/gtest.h>

#include "program.h"

namespace fathom {
namespace {

TEST(FlagKind, ComesFromTheTargetTheChoicesOrTheWord) {
  bool on = false;
  std::string text;
  EXPECT_EQ(KindOf({.name = "--on", .value = "", .help = "", .target = &on}), ValueKind::kSwitch);
  EXPECT_EQ(KindOf({.name = "--t", .value = "X", .help = "", .target = &text, .choices = {"a"}}),
            ValueKind::kChoice);
  EXPECT_EQ(KindOf({.name = "--in", .value = "FILE", .help = "", .target = &text}),
            ValueKind::kFile);
  EXPECT_EQ(KindOf({.name = "MODEL", .value = "", .help = "", .target = &text}),
            ValueKind::kFolder);
  EXPECT_EQ(KindOf({.name = "MODEL", .value = "FILE", .help = "", .target = &text}),
            ValueKind::kFile);
}

// Otherwise nothing would tell that a new word, PATH say, completes to nothing.
TEST(FlagKind, KnowsEveryWordOfTheTable) {
  for (const Command& command : AllCommands()) {
    for (const Flag& flag : command.flags) {
      if (KindOf(flag) == ValueKind::kSwitch) continue;
      const std::string& word = flag.value.empty() ? flag.name : flag.value;
      EXPECT_TRUE(KindOfWord(word)) << command.name << " " << flag.name << ": " << word
                                    << " is not in kWords of flag_kind.cc";
    }
  }
}

TEST(FlagNames, AreSplitAtTheComma) {
  bool on = false;
  EXPECT_EQ(FlagNames({.name = "-q,--quiet", .value = "", .help = "", .target = &on}),
            (std::vector<std::string>{"-q", "--quiet"}));
  EXPECT_EQ(FlagNames({.name = "--json", .value = "", .help = "", .target = &on}),
            (std::vector<std::string>{"--json"}));
}

}  // namespace
}  // namespace fathom
