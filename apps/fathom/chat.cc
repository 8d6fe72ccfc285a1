// fathom chat: a conversation in the terminal. talk/ has its parts; here they are joined to the
// keyboard or to a pipe.

#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>

#include "agent/builtin_tools.h"
#include "commands.h"
#include "interrupt.h"
#include "mcp_servers.h"
#include "model_flags.h"
#include "sampling_flags.h"
#include "session.h"
#include "talk/chat_commands.h"
#include "talk/chat_session.h"
#include "talk/message_reader.h"
#include "talk/tool_switch.h"
#include "terminal/history_file.h"
#include "terminal/line_editor.h"
#include "terminal/terminal_style.h"
#include "terminal/terminal_text.h"

namespace fathom {
namespace {

struct ChatFlags {
  ModelFlags model;
  SamplingFlags sampling;
  std::optional<std::string> system;
  std::string files;
  std::optional<std::string> mcp;
  bool thinking = false, hide_thinking = false, use_tools = false;
  int64_t max_rounds = kDefaultMaxRounds;
  std::string context_strategy = "summary";
};

// Lines as a pipe or a file has them, when nobody types.
class PlainLines {
 public:
  LineRead Read(std::string_view prompt, const InterruptScope& interrupt) {
    fmt::print("{}", prompt);
    std::fflush(stdout);
    while (true) {
      if (const size_t end = buffer_.find('\n'); end != std::string::npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return {LineRead::Kind::kLine, std::move(line)};
      }
      char bytes[4096];
      const ssize_t got = ::read(STDIN_FILENO, bytes, sizeof(bytes));
      if (got > 0) {
        buffer_.append(bytes, static_cast<size_t>(got));
      } else if (got < 0 && errno == EINTR) {
        if (interrupt.interrupted()) return {LineRead::Kind::kInterrupted};
      } else if (buffer_.empty()) {
        return {LineRead::Kind::kEnd};
      } else {
        return {LineRead::Kind::kLine, std::exchange(buffer_, "")};
      }
    }
  }

 private:
  std::string buffer_;
};

// Where the next message comes from: a person who edits lines, or plain lines.
class InputSource {
 public:
  InputSource(bool typed, bool styles, const InterruptScope& interrupt) : interrupt_(interrupt) {
    if (!typed) return;
    Result<std::unique_ptr<LineEditor>> editor = LineEditor::Open(
        {.styles = styles, .complete = CompleteChatLine, .interrupted = [&interrupt] {
           return interrupt.interrupted();
         }});
    if (!editor.ok()) {
      fmt::print("(lines can't be edited: {})\n", SafeForTerminal(editor.status().message()));
      return;
    }
    editor_ = std::move(editor).value();
    OpenHistory();
  }

  Input Next() {
    if (editor_ == nullptr) return NextPlain();
    MessageReader reader([this](std::string_view prompt) { return editor_->Read(prompt); });
    Input input = reader.Next();
    const bool said = input.kind == Input::Kind::kMessage || input.kind == Input::Kind::kCommand;
    if (said) Remember(input.text);
    return input;
  }

 private:
  void OpenHistory() {
    const std::string path = HistoryPath(std::getenv("XDG_STATE_HOME"), std::getenv("HOME"));
    if (path.empty()) return;
    Result<HistoryFile> history = HistoryFile::Open(path);
    if (!history.ok()) {
      fmt::print("(what is typed is not kept: {})\n", SafeForTerminal(history.status().message()));
      return;
    }
    history_ = std::move(history).value();
    for (const std::string& entry : history_->entries()) editor_->Remember(entry);
  }

  void Remember(const std::string& text) {
    if (text.starts_with(' ')) return;
    editor_->Remember(text);
    if (!history_) return;
    if (const Status kept = history_->Append(text); !kept.ok()) {
      fmt::print("(what is typed is no longer kept: {})\n", SafeForTerminal(kept.message()));
      history_.reset();
    }
  }

  Input NextPlain() {
    while (true) {
      const LineRead read = plain_.Read("> ", interrupt_);
      if (read.kind == LineRead::Kind::kEnd) return {Input::Kind::kEnd};
      if (read.kind == LineRead::Kind::kInterrupted) return {Input::Kind::kInterrupted};
      if (!IsBlankLine(read.line)) return ToInput(read.line);
    }
  }

  const InterruptScope& interrupt_;
  PlainLines plain_;
  std::unique_ptr<LineEditor> editor_;  // null for plain lines
  std::optional<HistoryFile> history_;
};

bool IsDumb(const char* term) { return term == nullptr || std::string_view(term) == "dumb"; }

// False to leave.
bool Serve(const Input& input, ChatSession* chat) {
  Result<bool> stay = true;
  if (input.kind == Input::Kind::kMessage) {
    if (const Status said = chat->Say(input.text); !said.ok()) stay = said;
  } else {
    const Result<ChatCommandCall> call = ParseChatCommand(input.text);
    stay = call.ok() ? chat->Obey(*call) : call.status();
  }
  if (stay.ok()) return *stay;
  fmt::print("error: {}\n", SafeForTerminal(stay.status().message()));
  return true;
}

Result<ChatSettings> MakeSettings(const ChatFlags& flags, const Session& session, bool live) {
  ChatSettings settings;
  if (flags.max_rounds < 1 || flags.max_rounds > kMostRounds) {
    return InvalidArgument("--max-rounds: {} is outside [1, {}]", flags.max_rounds, kMostRounds);
  }
  settings.loop.max_rounds = static_cast<int>(flags.max_rounds);
  FATHOM_ASSIGN_OR_RETURN(settings.loop.context, FindContextStrategy(flags.context_strategy));
  settings.loop.thinking =
      flags.thinking ? chat::ThinkingMode::kThinking : chat::ThinkingMode::kChat;
  settings.loop.sampling = flags.sampling.ToParams(session.model->checkpoint.generation);
  settings.loop.stop = flags.sampling.stop;
  settings.system = flags.system;
  settings.show_thinking = !flags.hide_thinking;
  settings.style = TerminalStyle::ForStdout();
  settings.live = live;
  return settings;
}

Result<int> Run(const ChatFlags& flags) {
  FATHOM_ASSIGN_OR_RETURN(Toolbox builtin, OpenBuiltinTools(flags.files));
  // They start while the model is read. On a terminal their lines would fall between those that are
  // typed; what matters of them stands in what is said of the servers.
  FATHOM_ASSIGN_OR_RETURN(
      const std::shared_ptr<McpToolGroups> tools,
      StartMcpServers(flags.mcp, std::move(builtin), /*show=*/::isatty(STDERR_FILENO) == 0));
  FATHOM_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, OpenSession(flags.model, 1));
  InterruptScope interrupt(InterruptScope::Reads::kInterrupted);
  const bool live = StdoutIsTerminal() && !IsDumb(std::getenv("TERM"));
  FATHOM_ASSIGN_OR_RETURN(ChatSettings settings, MakeSettings(flags, *session, live));
  ToolSwitch choice(tools);
  for (const auto& group : tools->List()) {
    choice.Switch(group->name, group->name != kBuiltinGroup || flags.use_tools);
  }
  ChatSession chat(*session, choice, interrupt, std::move(settings));
  fmt::print("{} on {}, loaded in {:.2f} s\n{}\n/help lists commands, Ctrl-D leaves.\n",
             session->model->checkpoint.folder, session->model->backend->Name(),
             session->load_seconds, session->model->plan.Describe());
  WaitForMcpServers(*tools, [&interrupt] { return interrupt.interrupted(); });
  interrupt.Clear();
  fmt::print("{}", DescribeMcpServers(*tools));
  InputSource source(live && ::isatty(STDIN_FILENO) == 1, TerminalStyle::ForStdout().on(),
                     interrupt);
  while (true) {
    const Input input = source.Next();
    if (input.kind == Input::Kind::kEnd) break;
    if (input.kind == Input::Kind::kInterrupted) {
      interrupt.Clear();
      fmt::print("\n(Ctrl-D leaves)\n");
      continue;
    }
    if (!Serve(input, &chat)) return 0;
  }
  fmt::print("\n");
  return 0;
}

}  // namespace

Command MakeChatCommand() {
  auto flags = std::make_shared<ChatFlags>();
  Command command;
  command.name = "chat";
  command.summary = "talk with a model in the terminal";
  command.description =
      "A conversation. With --use-tools or /tools on the model may use the built-in tools: a "
      "calculator, the clock and, with --files, the files of one folder; with --mcp also those of "
      "MCP servers.";
  command.flags = ModelFlagTable(&flags->model);
  const std::vector<Flag> own = {
      {.name = "--system", .value = "TEXT", .help = "system message", .target = &flags->system},
      {.name = "--thinking",
       .value = "",
       .help = "reason first; /nothink ends it",
       .target = &flags->thinking},
      {.name = "--hide-thinking",
       .value = "",
       .help = "say how long the reasoning was and not what; /think show ends it",
       .target = &flags->hide_thinking},
      {.name = "--use-tools",
       .value = "",
       .help = "let the model use the built-in tools",
       .target = &flags->use_tools},
      {.name = "--files",
       .value = "DIR",
       .help = "the folder whose files the tools may read",
       .target = &flags->files},
      {.name = "--mcp",
       .value = "FILE",
       .help = "JSON file of MCP servers, whose tools the model may use",
       .target = &flags->mcp},
      {.name = "--max-rounds",
       .value = "N",
       .help = "answers to one question that may call tools [16]",
       .target = &flags->max_rounds},
      {.name = "--context-strategy",
       .value = "NAME",
       .help = "what goes when 80 % of the context is used: keep (nothing, until it is full), "
               "summary, discard-75 or discard-all [summary]",
       .target = &flags->context_strategy,
       .choices = {"keep", "summary", "discard-75", "discard-all"}},
  };
  command.flags.insert(command.flags.end(), own.begin(), own.end());
  const std::vector<Flag> sampling = SamplingFlagTable(&flags->sampling);
  command.flags.insert(command.flags.end(), sampling.begin(), sampling.end());
  command.run = [flags] { return Run(*flags); };
  return command;
}

}  // namespace fathom
