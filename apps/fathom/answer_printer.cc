#include "answer_printer.h"

#include <fmt/core.h>

namespace fathom {

void AnswerPrinter::Write(FILE* file, const std::string& text) {
  if (text.empty()) return;
  std::fwrite(text.data(), 1, text.size(), file);
  std::fflush(file);
  wrote_ = true;
}

// Ends the section under way and begins another.
void AnswerPrinter::Switch(chat::EventKind to) {
  if (section_ == to) return;
  const bool was_reasoning = section_ == chat::EventKind::kReasoning;
  FILE* file = section_ == chat::EventKind::kContent ? options_.content : options_.reasoning;
  if (section_ == chat::EventKind::kReasoning || section_ == chat::EventKind::kContent) {
    Write(file, safe_.Finish());
    if (was_reasoning && options_.show_reasoning) Write(file, std::string(style_.reset()));
    if (wrote_) Write(file, "\n");
  }
  section_ = to;
  wrote_ = false;
}

void AnswerPrinter::OnEvent(const chat::StreamEvent& event) {
  using chat::EventKind;
  switch (event.kind) {
    case EventKind::kReasoning:
      if (!options_.show_reasoning) return;
      if (section_ != EventKind::kReasoning) {
        Switch(EventKind::kReasoning);
        Write(options_.reasoning, std::string(style_.dim()));
      }
      Write(options_.reasoning, safe_.Add(event.text));
      return;
    case EventKind::kContent:
      Switch(EventKind::kContent);
      Write(options_.content, options_.raw_content ? event.text : safe_.Add(event.text));
      return;
    case EventKind::kToolCall:
      Switch(EventKind::kToolCall);
      arguments_.clear();
      Write(options_.reasoning, fmt::format("{}→ {} ", style_.bold(), SafeForTerminal(event.text)));
      return;
    case EventKind::kToolArguments:
      arguments_ += event.text;
      return;
    case EventKind::kToolCallEnd:
      Write(options_.reasoning, fmt::format("{}{}\n", style_.reset(), SafeForTerminal(arguments_)));
      section_ = EventKind::kEnd;
      return;
    case EventKind::kEnd:
      if (section_ == EventKind::kToolCall) Write(options_.reasoning, "(cut off)\n");
      Switch(EventKind::kEnd);
      return;
  }
}

void AnswerPrinter::OnTool(const ToolRun& run) {
  // A long result is the model's to read; its first lines tell a person what came.
  constexpr size_t kShown = 400;
  std::string shown = run.result.substr(0, kShown);
  if (run.result.size() > kShown) shown += fmt::format(" … ({} bytes)", run.result.size());
  Write(options_.reasoning,
        fmt::format("{}← {}{}\n", style_.bold(), style_.reset(), SafeForTerminal(shown)));
}

}  // namespace fathom
