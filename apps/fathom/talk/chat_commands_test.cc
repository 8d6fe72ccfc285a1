#include "talk/chat_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace fathom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Error(std::string_view line) {
  const auto call = ParseChatCommand(line);
  return call.ok() ? "(none)" : call.status().message();
}

TEST(ParseChatCommand, NamesAndArguments) {
  for (const ChatCommandInfo& row : kChatCommands) {
    const std::string argument = row.takes == Takes::kNothing ? "" : "x y";
    const auto call = ParseChatCommand(std::string(row.name) + "  " + argument + " ");
    ASSERT_TRUE(call.ok()) << row.name;
    EXPECT_EQ(call->id, row.id);
    EXPECT_EQ(call->argument, argument);
  }
  EXPECT_EQ(ParseChatCommand("/exit")->id, ChatCommandId::kQuit);
}

TEST(ParseChatCommand, OneClearLineForWhatItDoesNotKnow) {
  EXPECT_EQ(Error("/nonsense now"),
            "there is no command /nonsense; /help lists them, a space before the slash makes it a "
            "message");
  EXPECT_EQ(Error("/"),
            "there is no command /; /help lists them, a space before the slash makes it a message");
  EXPECT_EQ(Error("/save"), "/save needs FILE after it");
  EXPECT_EQ(Error("/undo twice"), "/undo takes nothing after it, found twice");
}

TEST(ChatHelp, HasEveryCommand) {
  for (const ChatCommandInfo& row : kChatCommands) {
    EXPECT_THAT(ChatHelp(), HasSubstr(std::string(row.name) + " "));
    EXPECT_THAT(ChatHelp(), HasSubstr(std::string(row.help) + "\n"));
  }
}

TEST(CompleteChatLine, CommandsAndTheirChoices) {
  EXPECT_THAT(CompleteChatLine("/sa").candidates, ElementsAre("/save ", "/save! "));
  EXPECT_THAT(CompleteChatLine("/think ").candidates, ElementsAre("on", "off", "show", "hide"));
  EXPECT_THAT(CompleteChatLine("/set top").candidates, ElementsAre("top_p", "top_k"));
  EXPECT_EQ(CompleteChatLine("/set top").from, 5U);
  EXPECT_THAT(CompleteChatLine("hello").candidates, ElementsAre());
  EXPECT_THAT(CompleteChatLine("/undo ").candidates, ElementsAre());
}

TEST(CompleteChatLine, FileNames) {
  const test::TempDir dir;
  dir.Write("notes.json", "");
  dir.Write("nights/x", "");
  dir.Write(".hidden", "");
  EXPECT_THAT(CompleteChatLine("/load " + dir.File("n")).candidates,
              ElementsAre(dir.File("nights/"), dir.File("notes.json")));
  EXPECT_THAT(CompleteChatLine("/load " + dir.File("")).candidates,
              ElementsAre(dir.File("nights/"), dir.File("notes.json")));
  EXPECT_THAT(CompleteChatLine("/load " + dir.File("none/x")).candidates, ElementsAre());
}

}  // namespace
}  // namespace fathom
