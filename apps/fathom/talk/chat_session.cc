#include "talk/chat_session.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/number_text.h"
#include "base/utf8.h"
#include "talk/settings.h"
#include "terminal/line_editor.h"
#include "terminal/terminal_text.h"

namespace fathom {
namespace {

void Print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

std::string Rate(int64_t tokens, double seconds) {
  if (seconds <= 0) return "";
  return fmt::format(", {:.1f} per second", static_cast<double>(tokens) / seconds);
}

std::string FirstLine(const std::string& text) {
  constexpr size_t kShown = 60;
  const std::string line = text.substr(0, text.find('\n'));
  const std::string safe = SafeForTerminal(line);
  if (safe.size() <= kShown && line.size() == text.size()) return safe;
  const std::string cut = safe.substr(0, kShown);
  return cut.substr(0, cut.size() - IncompleteUtf8Suffix(cut)) + " …";
}

}  // namespace

ChatSession::ChatSession(Session& session, ToolSwitch& tools, InterruptScope& interrupt,
                         ChatSettings settings)
    : session_(session), tools_(tools), interrupt_(interrupt), settings_(std::move(settings)) {
  transcript_.SetSystem(settings_.system);
}

void ChatSession::Note(const std::string& text) const {
  Print(fmt::format("{}{}{}\n", settings_.style.dim(), text, settings_.style.reset()));
}

AnswerView ChatSession::MakeView() const {
  AnswerViewOptions options;
  options.style = settings_.style;
  options.live = settings_.live;
  options.show_thinking = settings_.show_thinking;
  options.count_tokens = [this](const std::string& text) {
    const TextSegment segment{text, AllowSpecial::kNo};
    return static_cast<int64_t>(session_.tokenizer->Encode({&segment, 1}).size());
  };
  options.size = [] { return GetTerminalSize(STDOUT_FILENO); };
  options.write = Print;
  return AnswerView(std::move(options));
}

Status ChatSession::Say(const std::string& text) {
  const Transcript before = transcript_;
  transcript_.AddQuestion(text);
  return Answer(before);
}

// Generates what follows the last question. `otherwise` is what remains when nothing comes of it.
Status ChatSession::Answer(const Transcript& otherwise) {
  std::vector<chat::Message> messages = transcript_.messages();
  const size_t sent = messages.size();
  LoopOptions options = settings_.loop;
  const Toolbox tools = tools_.Chosen();
  if (!tools.tools().empty()) {
    auto definitions = chat::ToolsFromJson(tools.Definitions(), "tools");
    FATHOM_CHECK(definitions.ok(), "{}", definitions.status().message());
    options.tools = std::move(definitions).value();
  }
  AnswerView view = MakeView();
  LoopCallbacks callbacks;
  callbacks.text.on_event = [&](const chat::StreamEvent& event) { view.OnEvent(event); };
  callbacks.text.on_progress = [&](const RequestProgress& progress) { view.OnProgress(progress); };
  callbacks.on_tool = [&](const ToolRun& run) { view.OnTool(run); };
  callbacks.on_context = [&](const AgentTurn::ContextChange& change) { TellContext(change); };
  callbacks.cancelled = [&] { return interrupt_.interrupted(); };
  session_.model->backend->ResetCounters();
  const Result<LoopResult> result = [&] {
    const HiddenKeys hidden;
    return RunLoop(*session_.text, tools, options, callbacks, &messages);
  }();
  interrupt_.Clear();
  if (!result.ok()) {
    transcript_ = otherwise;
    return result.status();
  }
  usage_ = result->summaries;
  for (const GeneratedMessage& answer : result->answers) usage_.push_back(answer.usage);
  if (!result->replaced) {
    messages.erase(messages.begin(), messages.begin() + static_cast<ptrdiff_t>(sent));
  }
  return Keep(*result, std::move(messages), otherwise);
}

void ChatSession::TellContext(const AgentTurn::ContextChange& change) const {
  Note(
      fmt::format("\n(the context is nearly full: {}; {} rounds of tool calls have gone, {} stay, "
                  "{} tokens have become {})",
                  Name(change.strategy), change.dropped_rounds, change.kept_rounds,
                  FormatCount(change.before_tokens), FormatCount(change.after_tokens)));
}

Status ChatSession::Keep(const LoopResult& result, std::vector<chat::Message> said,
                         const Transcript& otherwise) {
  const bool stopped = result.end == TurnEnd::kStopped;
  if (stopped && said.empty()) {
    transcript_ = otherwise;
    Note("(stopped before anything was said; the question is forgotten)");
    return {};
  }
  if (stopped) Note("(stopped)");
  if (result.out_of_rounds) {
    Note(fmt::format("(stopped after {} rounds of tool calls; the last calls were not run)",
                     settings_.loop.max_rounds));
  }
  if (result.end == TurnEnd::kLength) {
    Note("(cut off: max_tokens or the context is used up)");
  }
  if (result.replaced) {
    transcript_.Replace(std::move(said), stopped);
  } else {
    transcript_.AddAnswer(std::move(said), stopped);
  }
  return {};
}

Result<bool> ChatSession::Obey(const ChatCommandCall& call) {
  const auto stay = [](const Status& status) -> Result<bool> {
    if (!status.ok()) return status;
    return true;
  };
  switch (call.id) {
    case ChatCommandId::kThink:
      return stay(SetThinking(call.argument));
    case ChatCommandId::kNoThink:
      return stay(SetThinking("off"));
    case ChatCommandId::kSystem:
      return stay(SetSystem(call.argument));
    case ChatCommandId::kTools:
      return stay(SetTools(call.argument));
    case ChatCommandId::kSet:
      return stay(Set(call.argument));
    case ChatCommandId::kStats:
      PrintStats();
      return true;
    case ChatCommandId::kRetry:
      return stay(Retry());
    case ChatCommandId::kUndo:
      return stay(Undo());
    case ChatCommandId::kSave:
      return stay(Save(ExpandHome(call.argument), Existing::kKeep));
    case ChatCommandId::kSaveOver:
      return stay(Save(ExpandHome(call.argument), Existing::kReplace));
    case ChatCommandId::kLoad:
      return stay(Load(ExpandHome(call.argument)));
    case ChatCommandId::kClear:
      transcript_.Clear();
      Note("A new conversation.");
      return true;
    case ChatCommandId::kHelp:
      Print(ChatHelp());
      return true;
    case ChatCommandId::kQuit:
      return false;
  }
  return true;
}

Status ChatSession::SetThinking(const std::string& argument) {
  if (argument == "show" || argument == "hide") {
    settings_.show_thinking = argument == "show";
    Note(settings_.show_thinking ? "Reasoning is shown." : "Reasoning is folded into one line.");
    return {};
  }
  if (!argument.empty() && argument != "on" && argument != "off") {
    return InvalidArgument("/think: expected on, off, show or hide, found {}", argument);
  }
  const bool on = argument != "off";
  settings_.loop.thinking = on ? chat::ThinkingMode::kThinking : chat::ThinkingMode::kChat;
  Note(on ? "The model reasons before it answers." : "The model answers at once.");
  return {};
}

Status ChatSession::SetTools(const std::string& argument) {
  if (!argument.empty()) FATHOM_RETURN_IF_ERROR(tools_.Obey(argument));
  Note(tools_.Describe());
  return {};
}

Status ChatSession::SetSystem(const std::string& argument) {
  if (!argument.empty()) {
    transcript_.SetSystem(argument == "-" ? std::nullopt : std::optional(argument));
  }
  const std::optional<std::string> system = transcript_.system();
  Note(system ? "System message: " + SafeForTerminal(*system) : "There is no system message.");
  return {};
}

Status ChatSession::Set(const std::string& argument) {
  if (argument.empty()) {
    Print(DescribeParams(settings_.loop.sampling));
    return {};
  }
  const size_t end = std::min(argument.find_first_of(" \t="), argument.size());
  const std::string name = argument.substr(0, end);
  const size_t begin = std::min(argument.find_first_not_of(" \t=", end), argument.size());
  const std::string value = argument.substr(begin);
  if (value.empty()) return InvalidArgument("/set needs a name and a value: /set temperature 0.7");
  const auto vocab = static_cast<int>(session_.model->checkpoint.config.vocab_size);
  FATHOM_RETURN_IF_ERROR(SetParam(name, value, vocab, &settings_.loop.sampling));
  Note(fmt::format("{} is {}", name, value));
  return {};
}

Status ChatSession::Retry() {
  const Transcript before = transcript_;
  if (!transcript_.DropAnswer()) return InvalidArgument("there is no question to answer again");
  return Answer(before);
}

Status ChatSession::Undo() {
  const std::optional<std::string> question = transcript_.Undo();
  if (!question) return InvalidArgument("there is nothing to take back");
  Note(fmt::format("Forgotten: {}", FirstLine(*question)));
  return {};
}

Status ChatSession::Save(const std::string& path, Existing existing) {
  const size_t questions = transcript_.questions();
  if (transcript_.messages().empty()) return InvalidArgument("there is nothing to save yet");
  FATHOM_RETURN_IF_ERROR(SaveConversation(transcript_, path, existing));
  Note(fmt::format("Saved {} question{} with answers to {}", questions, questions == 1 ? "" : "s",
                   SafeForTerminal(path)));
  return {};
}

Status ChatSession::Load(const std::string& path) {
  FATHOM_ASSIGN_OR_RETURN(transcript_, LoadConversation(path));
  const size_t questions = transcript_.questions();
  Note(fmt::format("Loaded {} message{}, {} question{}, from {}", transcript_.messages().size(),
                   transcript_.messages().size() == 1 ? "" : "s", questions,
                   questions == 1 ? "" : "s", SafeForTerminal(path)));
  return {};
}

void ChatSession::PrintStats() const {
  if (usage_.empty()) {
    Print("There is no answer yet.\n");
    return;
  }
  int64_t read = 0, cached = 0, written = 0, timed = 0;
  double read_seconds = 0, write_seconds = 0;
  for (const Usage& usage : usage_) {
    read += usage.prompt_tokens - usage.cached_tokens;
    cached += usage.cached_tokens;
    written += usage.completion_tokens;
    timed += std::max<int64_t>(0, usage.completion_tokens - 1);
    read_seconds += usage.prompt_seconds;
    write_seconds += usage.completion_seconds;
  }
  const LoadedModel& model = *session_.model;
  const int64_t used = usage_.back().prompt_tokens + usage_.back().completion_tokens;
  const int64_t context = session_.engine->context();
  std::string text = fmt::format(
      "read      {} tokens{}, {} more were in the cache\n"
      "written   {} tokens{}\n"
      "context   {} of {} tokens ({:.1f} %)\n"
      "cache     {} of {} ({})\n",
      FormatCount(read), Rate(read, read_seconds), FormatCount(cached), FormatCount(written),
      Rate(timed, write_seconds), FormatCount(used), FormatCount(context),
      100.0 * static_cast<double>(used) / static_cast<double>(context),
      FormatBytes(used * model.plan.token_bytes), FormatBytes(model.plan.cache),
      model.plan.cache_type);
  const WorkCounters work = model.backend->counters();
  if (work.latent_rows_held > 0) {
    text += fmt::format("keys      {} read of {} present ({:.1f} %), all tokens of the answer\n",
                        FormatCount(work.latent_rows_read), FormatCount(work.latent_rows_held),
                        100.0 * static_cast<double>(work.latent_rows_read) /
                            static_cast<double>(work.latent_rows_held));
  }
  Print(text);
}

}  // namespace fathom
