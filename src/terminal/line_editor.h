// One line typed on a terminal, with editing, history and completion. libedit does the work and is
// seen by line_editor.cc alone; it reads ~/.editrc, as other programs that use it do.
//
// Pasting is told from typing by the terminal (bracketed paste). What was pasted in one line is
// inserted; several lines become "[pasted N lines]", which Read puts the text back for, so that a
// long paste is one message and leaves the screen readable.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace fathom {

struct LineRead {
  enum class Kind {
    kLine,
    kInterrupted,  // Ctrl-C
    kEnd,          // Ctrl-D on an empty line, or the terminal is gone
  };
  Kind kind = Kind::kLine;
  std::string line = {};
  bool pasted = false;  // several lines were pasted into it
};

// What the text before the cursor may be completed to: each candidate takes the place of the bytes
// from `from` to the cursor.
struct Completions {
  size_t from = 0;
  std::vector<std::string> candidates = {};
};

struct LineEditorOptions {
  bool styles = true;
  std::function<Completions(std::string_view before_cursor)> complete;
  std::function<bool()> interrupted;  // asked while a key is waited for
};

inline constexpr size_t kMaxPasteBytes = 8 << 20;

// Uses standard input and output, which are a terminal. One at a time.
class LineEditor {
 public:
  static Result<std::unique_ptr<LineEditor>> Open(LineEditorOptions options);
  virtual ~LineEditor() = default;

  virtual LineRead Read(std::string_view prompt) = 0;
  // Makes `entry` the newest of the history.
  virtual void Remember(std::string_view entry) = 0;
};

// While one exists, keys are not shown: they would land in the middle of an answer.
class HiddenKeys {
 public:
  HiddenKeys();
  ~HiddenKeys();
  HiddenKeys(const HiddenKeys&) = delete;
  HiddenKeys& operator=(const HiddenKeys&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;  // null when standard input is no terminal
};

// The longest text that all candidates begin with, cut between characters.
std::string CommonPrefix(const std::vector<std::string>& candidates);

}  // namespace fathom
