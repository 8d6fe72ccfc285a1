#include "help_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "program.h"

namespace fathom {
namespace {

TEST(CommandHelp, ListsArgumentsAndFlags) {
  bool quiet = false;
  std::string model, prompt;
  std::vector<std::string> stops;
  Command command;
  command.name = "run";
  command.summary = "answer a prompt";
  command.flags = {
      {.name = "MODEL", .value = "", .help = "model folder", .target = &model},
      {.name = "-p,--prompt",
       .value = "TEXT",
       .help = "what to say",
       .target = &prompt,
       .required = true},
      {.name = "--quiet", .value = "", .help = "say less", .target = &quiet},
  };
  EXPECT_EQ(CommandHelp(command),
            "answer a prompt\n\n"
            "usage: fathom run [FLAGS] [MODEL]\n\n"
            "  MODEL  model folder\n\n"
            "  -p, --prompt TEXT  what to say (required)\n"
            "      --quiet        say less\n");
}

TEST(CommandHelp, EveryCommandFitsTheScreen) {
  for (const Command& command : AllCommands()) {
    EXPECT_FALSE(command.summary.empty()) << command.name;
    for (const Flag& flag : command.flags) EXPECT_FALSE(flag.help.empty()) << flag.name;
    std::istringstream lines(CommandHelp(command));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), 104U) << line;  // bytes; the columns are fewer
    }
  }
}

TEST(ProgramHelp, NamesEveryCommand) {
  const std::vector<Command> commands = AllCommands();
  const std::string help = ProgramHelp(commands);
  for (const Command& command : commands) {
    EXPECT_THAT(help, testing::HasSubstr("  " + command.name + " "));
  }
}

}  // namespace
}  // namespace fathom
