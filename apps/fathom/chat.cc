// fathom chat: a plain conversation in the terminal.

#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "agent/builtin_tools.h"
#include "agent/loop.h"
#include "answer_printer.h"
#include "commands.h"
#include "interrupt.h"
#include "model_flags.h"
#include "sampling_flags.h"
#include "session.h"
#include "terminal/terminal_style.h"

namespace fathom {
namespace {

struct ChatFlags {
  ModelFlags model;
  SamplingFlags sampling;
  std::optional<std::string> system;
  std::string files;
  bool thinking = false, use_tools = false;
};

constexpr const char* kHelp =
    "/think      reason before answering\n"
    "/nothink    answer at once\n"
    "/tools      let the model use the built-in tools\n"
    "/notools    and no longer\n"
    "/new        forget the conversation\n"
    "/help       this list\n"
    "/quit       leave; Ctrl-D does too\n"
    "Ctrl-C      stop the answer\n";

// One line from standard input without its newline; nothing at its end. `interrupted` is set when
// Ctrl-C was pressed instead.
class LineReader {
 public:
  std::optional<std::string> Read(bool* interrupted) {
    while (true) {
      if (const size_t end = buffer_.find('\n'); end != std::string::npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return line;
      }
      char bytes[4096];
      const ssize_t got = ::read(STDIN_FILENO, bytes, sizeof(bytes));
      if (got > 0) {
        buffer_.append(bytes, static_cast<size_t>(got));
        continue;
      }
      if (got < 0 && errno == EINTR) {
        *interrupted = true;
        return "";
      }
      if (buffer_.empty()) return std::nullopt;
      return std::exchange(buffer_, "");
    }
  }

 private:
  std::string buffer_;
};

class Conversation {
 public:
  Conversation(Session& session, const Toolbox& tools, const ChatFlags& flags)
      : session_(session),
        tools_(tools),
        use_tools_(flags.use_tools),
        system_(flags.system),
        style_(TerminalStyle::ForStdout()) {
    options_.thinking = flags.thinking ? chat::ThinkingMode::kThinking : chat::ThinkingMode::kChat;
    options_.sampling = flags.sampling.ToParams(session.model->checkpoint.generation);
    options_.stop = flags.sampling.stop;
  }

  Status Begin() {
    messages_.clear();
    if (system_) {
      chat::Message system;
      system.role = chat::Role::kSystem;
      system.content = *system_;
      messages_.push_back(std::move(system));
    }
    if (!use_tools_) return {};
    FATHOM_ASSIGN_OR_RETURN(auto definitions, chat::ToolsFromJson(tools_.Definitions(), "tools"));
    chat::AttachTools(std::move(definitions), {}, &messages_);
    return {};
  }

  Status Say(const std::string& text, InterruptScope& interrupt) {
    const size_t before = messages_.size();
    chat::Message user;
    user.content = text;
    messages_.push_back(std::move(user));
    AnswerPrinter printer(style_, {});
    LoopCallbacks callbacks;
    callbacks.text.on_event = [&](const chat::StreamEvent& event) { printer.OnEvent(event); };
    callbacks.on_tool = [&](const ToolRun& run) { printer.OnTool(run); };
    callbacks.cancelled = [&] { return interrupt.interrupted(); };
    const Result<LoopResult> result =
        RunLoop(*session_.text, tools_, options_, callbacks, &messages_);
    interrupt.Clear();
    if (!result.ok()) {
      messages_.resize(before);
      return result.status();
    }
    const GeneratedMessage& answer = result->answers.back();
    if (answer.end.reason == chat::FinishReason::kCancelled) {
      fmt::print("{}(stopped; the question and its answer are forgotten){}\n", style_.dim(),
                 style_.reset());
      messages_.resize(before);
    }
    if (result->out_of_rounds) {
      fmt::print("{}(stopped after {} rounds of tool calls){}\n", style_.dim(), options_.max_rounds,
                 style_.reset());
      messages_.resize(before);
    }
    return {};
  }

  // Tools are part of the first message, so the conversation begins anew.
  Status UseTools(bool use) {
    use_tools_ = use;
    fmt::print("A new conversation, {} tools.\n", use ? "with" : "without");
    return Begin();
  }

  void SetThinking(bool thinking) {
    options_.thinking = thinking ? chat::ThinkingMode::kThinking : chat::ThinkingMode::kChat;
    fmt::print("{}\n",
               thinking ? "The model reasons before it answers." : "The model answers at once.");
  }

 private:
  Session& session_;
  const Toolbox& tools_;
  bool use_tools_;
  const std::optional<std::string> system_;
  const TerminalStyle style_;
  LoopOptions options_;
  std::vector<chat::Message> messages_;
};

// False to leave.
Result<bool> RunCommandLine(const std::string& line, Conversation* conversation) {
  if (line == "/quit" || line == "/exit") return false;
  if (line == "/think" || line == "/nothink") {
    conversation->SetThinking(line == "/think");
  } else if (line == "/tools" || line == "/notools") {
    FATHOM_RETURN_IF_ERROR(conversation->UseTools(line == "/tools"));
  } else if (line == "/new") {
    FATHOM_RETURN_IF_ERROR(conversation->Begin());
    fmt::print("A new conversation.\n");
  } else if (line == "/help") {
    fmt::print("{}", kHelp);
  } else {
    fmt::print("There is no command {}; /help lists them.\n", SafeForTerminal(line));
  }
  return true;
}

Result<int> Run(const ChatFlags& flags) {
  FATHOM_ASSIGN_OR_RETURN(const Toolbox tools, OpenBuiltinTools(flags.files));
  FATHOM_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, OpenSession(flags.model, 1));
  Conversation conversation(*session, tools, flags);
  FATHOM_RETURN_IF_ERROR(conversation.Begin());
  InterruptScope interrupt(InterruptScope::Reads::kInterrupted);
  const TerminalStyle style = TerminalStyle::ForStdout();
  fmt::print("{} on {}, loaded in {:.2f} s\n{}\n/help lists commands, Ctrl-D leaves.\n",
             session->model->checkpoint.folder, session->model->backend->Name(),
             session->load_seconds, session->model->plan.Describe());
  LineReader reader;
  while (true) {
    fmt::print("{}> {}", style.bold(), style.reset());
    std::fflush(stdout);
    bool interrupted = false;
    const std::optional<std::string> line = reader.Read(&interrupted);
    if (interrupted) {
      interrupt.Clear();
      fmt::print("\n(Ctrl-D leaves)\n");
      continue;
    }
    if (!line) break;
    if (line->find_first_not_of(" \t\r") == std::string::npos) continue;
    if (line->front() == '/') {
      FATHOM_ASSIGN_OR_RETURN(const bool stay, RunCommandLine(*line, &conversation));
      if (!stay) return 0;
      continue;
    }
    const Status said = conversation.Say(*line, interrupt);
    if (!said.ok()) fmt::print("error: {}\n", SafeForTerminal(said.message()));
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
      "A conversation. With --use-tools or /tools the model may use the built-in tools: a "
      "calculator, the clock and, with --files, the files of one folder.";
  command.flags = ModelFlagTable(&flags->model);
  const std::vector<Flag> own = {
      {.name = "--system", .value = "TEXT", .help = "system message", .target = &flags->system},
      {.name = "--thinking",
       .value = "",
       .help = "reason first; /nothink ends it",
       .target = &flags->thinking},
      {.name = "--use-tools",
       .value = "",
       .help = "let the model use the built-in tools",
       .target = &flags->use_tools},
      {.name = "--files",
       .value = "DIR",
       .help = "the folder whose files the tools may read",
       .target = &flags->files},
  };
  command.flags.insert(command.flags.end(), own.begin(), own.end());
  const std::vector<Flag> sampling = SamplingFlagTable(&flags->sampling);
  command.flags.insert(command.flags.end(), sampling.begin(), sampling.end());
  command.run = [flags] { return Run(*flags); };
  return command;
}

}  // namespace fathom
