// The commands of a conversation: what they are called, what they take, what they do.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/status.h"
#include "terminal/line_editor.h"

namespace fathom {

enum class ChatCommandId {
  kThink,
  kNoThink,
  kSystem,
  kTools,
  kSet,
  kStats,
  kRetry,
  kUndo,
  kSave,
  kSaveOver,
  kLoad,
  kClear,
  kHelp,
  kQuit,
};

enum class Takes { kNothing, kMaybe, kOne };

struct ChatCommandInfo {
  ChatCommandId id;
  std::string_view name;
  std::string_view other_name;  // or empty
  Takes takes;
  std::string_view argument;
  std::string_view help;
};

inline constexpr std::array<ChatCommandInfo, 14> kChatCommands = {{
    {ChatCommandId::kThink, "/think", "", Takes::kMaybe, "on|off|show|hide",
     "reason before answering; hide: say how much and not what"},
    {ChatCommandId::kNoThink, "/nothink", "", Takes::kNothing, "", "answer at once (/think off)"},
    {ChatCommandId::kSystem, "/system", "", Takes::kMaybe, "TEXT",
     "the system message; - for none, alone to see it"},
    {ChatCommandId::kTools, "/tools", "", Takes::kMaybe, "on|off NAME…",
     "let the model use tools, of all groups or those named; alone lists them"},
    {ChatCommandId::kSet, "/set", "", Takes::kMaybe, "NAME VALUE",
     "a sampling parameter; alone lists them"},
    {ChatCommandId::kStats, "/stats", "", Takes::kNothing, "", "speed, context and cache"},
    {ChatCommandId::kRetry, "/retry", "", Takes::kNothing, "", "answer the last question again"},
    {ChatCommandId::kUndo, "/undo", "", Takes::kNothing, "", "forget the last question and answer"},
    {ChatCommandId::kSave, "/save", "", Takes::kOne, "FILE",
     "write the conversation to a new file"},
    {ChatCommandId::kSaveOver, "/save!", "", Takes::kOne, "FILE", "the same over an old file"},
    {ChatCommandId::kLoad, "/load", "", Takes::kOne, "FILE", "go on with a saved conversation"},
    {ChatCommandId::kClear, "/clear", "/new", Takes::kNothing, "", "forget the conversation"},
    {ChatCommandId::kHelp, "/help", "/?", Takes::kNothing, "", "this list"},
    {ChatCommandId::kQuit, "/quit", "/exit", Takes::kNothing, "", "leave; Ctrl-D does too"},
}};

struct ChatCommandCall {
  ChatCommandId id;
  std::string argument;  // without spaces round it
};

// "/save FILE" → its parts, or one line that says what is wrong with it.
Result<ChatCommandCall> ParseChatCommand(std::string_view line);

// What /help prints.
std::string ChatHelp();

// Commands, their choices, names of parameters and of files.
Completions CompleteChatLine(std::string_view before_cursor);

}  // namespace fathom
