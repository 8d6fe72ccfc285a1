// A streamed answer on the terminal: reasoning dim, content plain, tool calls on lines of their
// own.
#pragma once

#include <cstdio>
#include <string>

#include "agent/loop.h"
#include "chat/stream_event.h"
#include "terminal/terminal_style.h"
#include "terminal/terminal_text.h"

namespace fathom {

struct PrinterOptions {
  bool show_reasoning = true;
  bool raw_content = false;  // content byte for byte, for pipes and files
  FILE* content = stdout;
  FILE* reasoning = stdout;  // also tool calls and results
};

// Whatever goes to `reasoning` is made safe for a terminal, content too unless it is raw.
class AnswerPrinter {
 public:
  AnswerPrinter(const TerminalStyle& style, const PrinterOptions& options)
      : style_(style), options_(options) {}

  void OnEvent(const chat::StreamEvent& event);
  void OnTool(const ToolRun& run);

 private:
  void Switch(chat::EventKind to);
  void Write(FILE* file, const std::string& text);

  TerminalStyle style_;
  PrinterOptions options_;
  chat::EventKind section_ = chat::EventKind::kEnd;
  TerminalText safe_;
  std::string arguments_;
  bool wrote_ = false;  // the current section has printed something
};

}  // namespace fathom
