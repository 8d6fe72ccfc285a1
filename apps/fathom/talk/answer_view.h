// An answer while it comes, as a conversation shows it: reasoning dim or as one line, content as
// Markdown, tool calls and their results as short blocks, a bar while a long prompt is read.
//
// Without a terminal that can move its cursor, everything is plain text, printed once.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "agent/loop.h"
#include "chat/stream_event.h"
#include "terminal/markdown_stream.h"
#include "terminal/terminal_style.h"
#include "terminal/terminal_text.h"

namespace fathom {

struct AnswerViewOptions {
  TerminalStyle style{false};
  bool live = false;  // the cursor can be moved
  bool show_thinking = true;
  std::function<int64_t(const std::string&)> count_tokens;
  std::function<TerminalSize()> size;
  LiveLines::Write write;
};

class AnswerView {
 public:
  explicit AnswerView(AnswerViewOptions options);

  void OnProgress(const RequestProgress& progress);
  void OnEvent(const chat::StreamEvent& event);
  void OnTool(const ToolRun& run);

 private:
  void Begin(chat::EventKind kind);
  void EndSection();
  void EndHiddenThinking();
  void ShowStatus(const std::string& text);
  void EraseStatus();
  void PrintCall();

  AnswerViewOptions options_;
  MarkdownStream markdown_;
  chat::EventKind section_ = chat::EventKind::kEnd;
  TerminalText safe_;
  bool ends_in_newline_ = true;  // of the plain text in this section
  std::string thought_;          // hidden
  std::string name_, arguments_;
  bool status_shown_ = false;
};

// "reading 1,536 of 4,000 tokens [######      ]", at most `columns` wide.
std::string PromptBar(int64_t done, int64_t total, int columns);

// The first lines of a tool's result, the first after "← ".
std::string ResultLines(std::string_view result, int columns);

}  // namespace fathom
