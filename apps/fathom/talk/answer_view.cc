#include "talk/answer_view.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/number_text.h"

namespace fathom {
namespace {

using chat::EventKind;

constexpr int kResultLines = 6;
constexpr int64_t kLongPrompt = 512;  // tokens of one step: what is read at once needs no bar

// One line of at most `columns`, safe to print.
std::string OneLine(std::string_view text, int columns) {
  StyledLine line;
  line.Append(text.substr(0, 4096));  // more than any terminal is wide
  if (line.columns() <= columns && text.size() <= 4096) return line.ToTerminal(false);
  const std::vector<StyledLine> parts = WrapWords(line, std::max(columns - 2, 1));
  return parts[0].ToTerminal(false) + " …";
}

}  // namespace

std::string PromptBar(int64_t done, int64_t total, int columns) {
  std::string text = fmt::format("reading {} of {} tokens", FormatCount(done), FormatCount(total));
  constexpr int kLength = 30, kFrame = 3;
  if (total > 0 && static_cast<int>(text.size()) + kLength + kFrame <= columns) {
    const auto filled =
        static_cast<size_t>(std::clamp<int64_t>(done * kLength / total, 0, kLength));
    text += fmt::format(" [{:<{}}]", std::string(filled, '#'), kLength);
  }
  return text.substr(0, static_cast<size_t>(std::max(columns, 0)));
}

std::string ResultLines(std::string_view result, int columns) {
  std::string text;
  int lines = 0;
  while (lines == 0 || (!result.empty() && lines < kResultLines)) {
    const size_t end = std::min(result.find('\n'), result.size());
    text += (lines++ == 0 ? "← " : "  ") + OneLine(result.substr(0, end), columns - 2) + "\n";
    result.remove_prefix(std::min(end + 1, result.size()));
  }
  if (!result.empty()) {
    const auto breaks = std::count(result.begin(), result.end(), '\n');
    const auto more = breaks + (result.ends_with('\n') ? 0 : 1);
    text += fmt::format("  … {} more line{}\n", more, more == 1 ? "" : "s");
  }
  return text;
}

AnswerView::AnswerView(AnswerViewOptions options)
    : options_(std::move(options)),
      markdown_({.styles = options_.style.on(), .size = options_.size, .write = options_.write}) {}

void AnswerView::ShowStatus(const std::string& text) {
  if (!options_.live) return;
  options_.write(fmt::format("\r\x1b[K{}{}{}", options_.style.dim(), text, options_.style.reset()));
  status_shown_ = true;
}

void AnswerView::EraseStatus() {
  if (std::exchange(status_shown_, false)) options_.write("\r\x1b[K");
}

void AnswerView::OnProgress(const RequestProgress& progress) {
  const int64_t to_read = progress.prompt_tokens - progress.cached_tokens;
  if (to_read <= kLongPrompt || progress.computed_tokens >= progress.prompt_tokens) return;
  ShowStatus(
      PromptBar(progress.computed_tokens, progress.prompt_tokens, options_.size().columns - 1));
}

// Ends the section under way unless it is of this kind, and begins another.
void AnswerView::Begin(EventKind kind) {
  if (section_ == kind) return;
  EndSection();
  section_ = kind;
  ends_in_newline_ = true;
  if (kind == EventKind::kReasoning && options_.show_thinking) {
    options_.write(options_.style.dim());
  }
}

void AnswerView::EndSection() {
  EraseStatus();
  const bool plain = (section_ == EventKind::kReasoning && options_.show_thinking) ||
                     (section_ == EventKind::kContent && !options_.live);
  if (plain) {
    std::string rest = safe_.Finish();
    if (!rest.empty()) ends_in_newline_ = false;
    if (section_ == EventKind::kReasoning) rest += options_.style.reset();
    options_.write(rest + (ends_in_newline_ ? "" : "\n"));
  } else if (section_ == EventKind::kReasoning) {
    EndHiddenThinking();
  } else if (section_ == EventKind::kContent) {
    markdown_.Finish();
  }
  section_ = EventKind::kEnd;
}

void AnswerView::EndHiddenThinking() {
  const int64_t tokens = options_.count_tokens(std::exchange(thought_, {}));
  options_.write(fmt::format("{}thought for {} token{}{}\n", options_.style.dim(), tokens,
                             tokens == 1 ? "" : "s", options_.style.reset()));
}

void AnswerView::PrintCall() {
  const int room = options_.size().columns - 4 - static_cast<int>(name_.size());
  options_.write(fmt::format("{}→ {}{} {}\n", options_.style.bold(), OneLine(name_, 80),
                             options_.style.reset(), OneLine(arguments_, std::max(room, 20))));
}

void AnswerView::OnEvent(const chat::StreamEvent& event) {
  switch (event.kind) {
    case EventKind::kReasoning:
    case EventKind::kContent: {
      Begin(event.kind);
      if (event.kind == EventKind::kContent && options_.live) {
        markdown_.Add(event.text);
        return;
      }
      if (event.kind == EventKind::kReasoning && !options_.show_thinking) {
        if (thought_.empty()) ShowStatus("thinking …");
        thought_ += event.text;
        return;
      }
      const std::string text = safe_.Add(event.text);
      if (text.empty()) return;
      ends_in_newline_ = text.ends_with('\n');
      options_.write(text);
      return;
    }
    case EventKind::kToolCall:
      Begin(EventKind::kToolCall);
      name_ = event.text;
      arguments_.clear();
      return;
    case EventKind::kToolArguments:
      arguments_ += event.text;
      return;
    case EventKind::kToolCallEnd:
      PrintCall();
      section_ = EventKind::kEnd;
      return;
    case EventKind::kEnd:
      if (section_ == EventKind::kToolCall) {
        arguments_ += " (cut off)";
        PrintCall();
      }
      EndSection();
      return;
  }
}

void AnswerView::OnTool(const ToolRun& run) {
  options_.write(ResultLines(run.result, options_.size().columns - 1));
}

}  // namespace fathom
