// fathom demo: a first conversation with the bundled model, every answer generated now and checked.

#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include "agent/builtin_tools.h"
#include "agent/loop.h"
#include "answer_printer.h"
#include "commands.h"
#include "demo_text.h"
#include "interrupt.h"
#include "model_flags.h"
#include "session.h"
#include "terminal/terminal_style.h"

namespace fathom {
namespace {

// What one part of the demonstration asks, and what makes its answer right.
struct Scene {
  std::string title;
  std::string question;
  std::string shown = {};  // instead of a question too long to print; empty: the question
  chat::ThinkingMode thinking = chat::ThinkingMode::kChat;
  bool tools = false;
  // Empty when all is well, else what is wrong.
  std::function<std::string(const LoopResult&)> check;
};

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The last answer must contain `wanted`.
std::string CheckAnswer(const LoopResult& result, std::string_view wanted) {
  const chat::Message& message = result.answers.back().message;
  if (Contains(message.content.value_or(""), wanted)) return "";
  return fmt::format("the answer does not contain \"{}\"", wanted);
}

std::vector<Scene> Scenes() {
  std::vector<Scene> scenes;
  scenes.push_back({.title = "Thinking, then an answer",
                    .question = "What is the second word in this list? sailor, key, boat",
                    .thinking = chat::ThinkingMode::kThinking,
                    .check = [](const LoopResult& result) -> std::string {
                      if (result.answers.back().message.reasoning.empty()) {
                        return "the model did not think";
                      }
                      return CheckAnswer(result, "key");
                    }});
  scenes.push_back(
      {.title = "An answer at once",
       .question = "Write these words in reverse order: dog, shovel, cave",
       .check = [](const LoopResult& result) { return CheckAnswer(result, "cave, shovel, dog"); }});
  scenes.push_back({.title = "A tool call",
                    .question = "What is 482 * 37?",
                    .tools = true,
                    .check = [](const LoopResult& result) -> std::string {
                      if (result.tools.empty()) return "no tool was called";
                      if (result.tools[0].result != "17834")
                        return "the tool's result is not 17834";
                      return CheckAnswer(result, "17834");
                    }});
  const std::string needle = "The pass phrase of Jack Brooks is vako-ramo.";
  const std::string question = "Question: What is the pass phrase of Jack Brooks?";
  scenes.push_back({.title = "A needle in a long text",
                    .question = LongText(200, 1, needle) + "\n\n" + question,
                    .shown = fmt::format("(a text of some 4,000 tokens that says once: \"{}\") {}",
                                         needle, question),
                    .check = [](const LoopResult& result) -> std::string {
                      const int64_t tokens = result.answers.back().usage.prompt_tokens;
                      if (tokens < 4000) return fmt::format("the text has only {} tokens", tokens);
                      return CheckAnswer(result, "vako-ramo");
                    }});
  return scenes;
}

struct Totals {
  int64_t prompt_tokens = 0, answer_tokens = 0;
  double prompt_seconds = 0, answer_seconds = 0;

  void Add(const Usage& usage) {
    prompt_tokens += usage.prompt_tokens - usage.cached_tokens;
    prompt_seconds += usage.prompt_seconds;
    answer_tokens += std::max<int64_t>(0, usage.completion_tokens - 1);
    answer_seconds += usage.completion_seconds;
  }
};

class Demonstration {
 public:
  Demonstration(Session& session, const Toolbox& tools)
      : session_(session), tools_(tools), style_(TerminalStyle::ForStdout()) {}

  // True when the scene went well.
  Result<bool> Play(const Scene& scene) {
    fmt::print("\n{}{}{}\n> {}\n", style_.bold(), scene.title, style_.reset(),
               scene.shown.empty() ? scene.question : scene.shown);
    std::vector<chat::Message> messages(1);
    messages[0].content = scene.question;
    if (scene.tools) {
      FATHOM_ASSIGN_OR_RETURN(auto definitions, chat::ToolsFromJson(tools_.Definitions(), "tools"));
      chat::AttachTools(std::move(definitions), {}, &messages);
    }
    LoopOptions options;
    options.thinking = scene.thinking;
    options.sampling.temperature = 0;
    options.sampling.max_tokens = 300;
    AnswerPrinter printer(style_, {});
    LoopCallbacks callbacks;
    callbacks.text.on_event = [&](const chat::StreamEvent& event) { printer.OnEvent(event); };
    callbacks.on_tool = [&](const ToolRun& run) { printer.OnTool(run); };
    session_.model->backend->ResetCounters();
    FATHOM_ASSIGN_OR_RETURN(const LoopResult result,
                            RunLoop(*session_.text, tools_, options, callbacks, &messages));
    for (const GeneratedMessage& answer : result.answers) totals_.Add(answer.usage);
    const std::string wrong = scene.check(result);
    fmt::print("{}\n", wrong.empty() ? "[right]" : fmt::format("[WRONG: {}]", wrong));
    return wrong.empty();
  }

  // After the last scene, whose counters still stand.
  void PrintFigures() const {
    const WorkCounters work = session_.model->backend->counters();
    const auto queries = static_cast<double>(work.sparse_rows + work.dense_rows);
    fmt::print("\n{}Figures{} ({})\n", style_.bold(), style_.reset(),
               session_.model->backend->Name());
    fmt::print("load        {:.2f} s\n", session_.load_seconds);
    fmt::print("prompt      {:.1f} tokens per second ({} tokens)\n",
               static_cast<double>(totals_.prompt_tokens) / totals_.prompt_seconds,
               totals_.prompt_tokens);
    fmt::print("generation  {:.1f} tokens per second ({} tokens)\n",
               static_cast<double>(totals_.answer_tokens) / totals_.answer_seconds,
               totals_.answer_tokens);
    fmt::print("attention   {:.0f} of {:.0f} keys read per token and layer, in the long text\n",
               static_cast<double>(work.latent_rows_read) / queries,
               static_cast<double>(work.latent_rows_held) / queries);
  }

 private:
  Session& session_;
  const Toolbox& tools_;
  const TerminalStyle style_;
  Totals totals_;
};

Result<int> Run(const ModelFlags& flags) {
  FATHOM_ASSIGN_OR_RETURN(const Toolbox tools, OpenBuiltinTools(""));
  FATHOM_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, OpenSession(flags, 1));
  fmt::print("{}: a small demonstration model with the architecture of DeepSeek-V3.2\n{}\n",
             session->model->checkpoint.folder, session->model->plan.Describe());
  Demonstration demonstration(*session, tools);
  int wrong = 0;
  for (const Scene& scene : Scenes()) {
    FATHOM_ASSIGN_OR_RETURN(const bool right, demonstration.Play(scene));
    wrong += right ? 0 : 1;
  }
  demonstration.PrintFigures();
  if (wrong > 0) fmt::print("\n{} of the answers {} wrong\n", wrong, wrong == 1 ? "is" : "are");
  return wrong > 0 ? 1 : 0;
}

}  // namespace

Command MakeDemoCommand() {
  auto flags = std::make_shared<ModelFlags>();
  Command command;
  command.name = "demo";
  command.summary = "a first conversation with the bundled model, checked";
  command.description =
      "Asks the bundled model four things and checks what it says: thinking, an answer, a tool "
      "call "
      "with its result, and a fact in a long text. Exit code 1 when an answer is wrong.";
  command.flags = ModelFlagTable(flags.get());
  command.run = [flags] { return Run(*flags); };
  return command;
}

}  // namespace fathom
