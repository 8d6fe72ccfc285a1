#include "talk/chat_commands.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "talk/conversation_file.h"
#include "talk/settings.h"
#include "terminal/terminal_text.h"

namespace fathom {
namespace {

constexpr bool RowsMatch() {
  for (size_t i = 0; i < kChatCommands.size(); ++i) {
    if (kChatCommands[i].id != static_cast<ChatCommandId>(i)) return false;
  }
  return true;
}
static_assert(RowsMatch(), "kChatCommands needs one row per ChatCommandId, in enum order");

constexpr size_t kMostFiles = 200;

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == text.npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::vector<std::string> StartingWith(std::string_view typed, const std::vector<std::string>& all) {
  std::vector<std::string> found;
  for (const std::string& candidate : all) {
    if (candidate.starts_with(typed)) found.push_back(candidate);
  }
  return found;
}

std::vector<std::string> CommandNames() {
  std::vector<std::string> names;
  for (const ChatCommandInfo& row : kChatCommands) {
    names.push_back(std::string(row.name) + (row.takes == Takes::kNothing ? "" : " "));
  }
  return names;
}

std::vector<std::string> FilesStartingWith(std::string_view typed) {
  const size_t slash = typed.rfind('/');
  const std::string folder(slash == typed.npos ? "" : typed.substr(0, slash + 1));
  const std::string_view name = typed.substr(folder.size());
  std::vector<std::string> found;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder.empty() ? "." : ExpandHome(folder), error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string candidate = entry->path().filename().string();
    if (!candidate.starts_with(name) || (candidate[0] == '.' && name.empty())) continue;
    std::error_code ignored;
    found.push_back(folder + candidate + (entry->is_directory(ignored) ? "/" : ""));
    if (found.size() == kMostFiles) break;
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<std::string> Choices(std::string_view command, std::string_view typed) {
  if (command == "/think") return StartingWith(typed, {"on", "off", "show", "hide"});
  if (command == "/tools") return StartingWith(typed, {"on", "off"});
  if (command == "/set") return StartingWith(typed, ParamNames());
  if (command == "/save" || command == "/save!" || command == "/load") {
    return FilesStartingWith(typed);
  }
  return {};
}

}  // namespace

Result<ChatCommandCall> ParseChatCommand(std::string_view line) {
  const size_t space = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view name = Trimmed(line.substr(0, space));
  const std::string_view argument = Trimmed(line.substr(space));
  for (const ChatCommandInfo& row : kChatCommands) {
    if (name != row.name && (row.other_name.empty() || name != row.other_name)) continue;
    if (row.takes == Takes::kNothing && !argument.empty()) {
      return InvalidArgument("{} takes nothing after it, found {}", name, argument);
    }
    if (row.takes == Takes::kOne && argument.empty()) {
      return InvalidArgument("{} needs {} after it", name, row.argument);
    }
    return ChatCommandCall{row.id, std::string(argument)};
  }
  return InvalidArgument(
      "there is no command {}; /help lists them, a space before the slash makes it a message",
      name);
}

std::string ChatHelp() {
  std::string text;
  for (const ChatCommandInfo& row : kChatCommands) {
    text += fmt::format("{:<25}{}\n", fmt::format("{} {}", row.name, row.argument), row.help);
  }
  return text +
         "\n"
         "\\ at the end of a line   the message goes on in the next one\n"
         "\"\"\"                      before and after a message of several lines\n"
         "Tab, Up, Ctrl-R          complete, earlier lines, search them\n"
         "Ctrl-C                   stop the answer, clear the line\n";
}

Completions CompleteChatLine(std::string_view before_cursor) {
  if (!before_cursor.starts_with('/')) return {};
  const size_t space = before_cursor.find(' ');
  if (space == before_cursor.npos) return {0, StartingWith(before_cursor, CommandNames())};
  return {space + 1, Choices(before_cursor.substr(0, space), before_cursor.substr(space + 1))};
}

}  // namespace fathom
