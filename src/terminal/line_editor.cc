#include "terminal/line_editor.h"

#include <fmt/core.h>
#include <histedit.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <utility>

#include "base/utf8.h"
#include "terminal/display_width.h"
#include "terminal/paste.h"
#include "terminal/terminal_size.h"
#include "terminal/terminal_text.h"

namespace fathom {
namespace {

// How long a wait for a key is before Ctrl-C and the terminal's size are looked at again. A signal
// does not end the wait when it comes just before it, or when another thread takes it.
constexpr int kWaitMilliseconds = 200;

std::wstring ToWide(std::string_view text) {
  std::wstring wide;
  while (!text.empty()) {
    const Utf8Char c = DecodeUtf8(text);
    wide += static_cast<wchar_t>(c.code_point);
    text.remove_prefix(static_cast<size_t>(c.length));
  }
  return wide;
}

std::string FromWide(std::wstring_view wide) {
  std::string text;
  for (const wchar_t c : wide) {
    const auto code = static_cast<char32_t>(c);
    const bool scalar = code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    AppendUtf8(scalar ? code : U'\uFFFD', &text);
  }
  return text;
}

void Send(std::string_view bytes) {
  std::fwrite(bytes.data(), 1, bytes.size(), stdout);
  std::fflush(stdout);
}

class EditLineEditor final : public LineEditor {
 public:
  explicit EditLineEditor(LineEditorOptions options) : options_(std::move(options)) {}
  ~EditLineEditor() override {
    if (editor_ != nullptr) ::el_end(editor_);
    if (history_ != nullptr) ::history_wend(history_);
  }

  Status Start();
  LineRead Read(std::string_view prompt) override;
  void Remember(std::string_view entry) override;

 private:
  static EditLineEditor& Self(EditLine* editor) {
    void* self = nullptr;
    ::el_get(editor, EL_CLIENTDATA, &self);
    return *static_cast<EditLineEditor*>(self);
  }
  static char* Prompt(EditLine* editor) { return Self(editor).prompt_.data(); }
  static int ReadWide(EditLine* editor, wchar_t* out) { return Self(editor).ReadCharacter(out); }
  static unsigned char OnPaste(EditLine* editor, int) { return Self(editor).TakePaste(); }
  static unsigned char OnTab(EditLine* editor, int) { return Self(editor).Complete(); }

  int ReadByte(unsigned char* byte);
  void FollowSize();
  int ReadCharacter(wchar_t* out);
  unsigned char TakePaste();
  unsigned char Complete();

  LineEditorOptions options_;
  EditLine* editor_ = nullptr;
  HistoryW* history_ = nullptr;
  std::string prompt_;
  int prompt_columns_ = 0;
  bool ready_ = false;  // pasting is told from typing
  TerminalSize size_;
  std::string keys_;  // read and not used yet
  size_t next_key_ = 0;
  PasteShelf pastes_;
  bool was_interrupted_ = false;
};

Status EditLineEditor::Start() {
  // Without a UTF-8 locale libedit would show every other character as its bytes.
  if (std::setlocale(LC_CTYPE, "") == nullptr || MB_CUR_MAX == 1) {
    std::setlocale(LC_CTYPE, "C.UTF-8");
  }
  editor_ = ::el_init("fathom", stdin, stdout, stderr);
  history_ = ::history_winit();
  if (editor_ == nullptr || history_ == nullptr) {
    return Internal("libedit does not know the terminal \"{}\" (TERM)",
                    SafeForTerminal(std::getenv("TERM") ? std::getenv("TERM") : ""));
  }
  HistEventW event;
  ::history_w(history_, &event, H_SETSIZE, 1000);
  ::history_w(history_, &event, H_SETUNIQUE, 1);
  ::el_set(editor_, EL_CLIENTDATA, this);
  ::el_set(editor_, EL_PROMPT_ESC, &EditLineEditor::Prompt, '\1');
  ::el_set(editor_, EL_EDITOR, "emacs");
  ::el_wset(editor_, EL_HIST, ::history_w, history_);
  ::el_wset(editor_, EL_GETCFN, &EditLineEditor::ReadWide);
  ::el_set(editor_, EL_ADDFN, "fathom-paste", "Insert what is pasted", &EditLineEditor::OnPaste);
  ::el_set(editor_, EL_ADDFN, "fathom-complete", "Complete commands and file names",
           &EditLineEditor::OnTab);
  constexpr const char* kKeys[][2] = {
      {"\\e[200~", "fathom-paste"}, {"^I", "fathom-complete"},    {"^R", "em-inc-search-prev"},
      {"\\e[1;5C", "em-next-word"}, {"\\e[1;5D", "ed-prev-word"}, {"\\e[3~", "ed-delete-next-char"},
      {"\\e[H", "ed-move-to-beg"},  {"\\e[F", "ed-move-to-end"},  {"^W", "ed-delete-prev-word"},
  };
  for (const auto& [key, function] : kKeys) ::el_set(editor_, EL_BIND, key, function, nullptr);
  ::el_source(editor_, nullptr);
  return {};
}

// 1, or 0 at the end, or -1 when Ctrl-C was pressed.
int EditLineEditor::ReadByte(unsigned char* byte) {
  // Only now does libedit have the terminal as it wants it; keys that came before may be lost.
  if (!std::exchange(ready_, true)) Send("\x1b[?2004h");
  while (next_key_ == keys_.size()) {
    was_interrupted_ = options_.interrupted();
    if (was_interrupted_) return -1;
    FollowSize();
    struct pollfd keys = {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (::poll(&keys, 1, kWaitMilliseconds) <= 0) continue;
    char bytes[4096];
    const ssize_t got = ::read(STDIN_FILENO, bytes, sizeof(bytes));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return 0;
    keys_.assign(bytes, static_cast<size_t>(got));
    next_key_ = 0;
  }
  *byte = static_cast<unsigned char>(keys_[next_key_++]);
  return 1;
}

void EditLineEditor::FollowSize() {
  const TerminalSize now = GetTerminalSize(STDOUT_FILENO);
  if (now.rows == size_.rows && now.columns == size_.columns) return;
  size_ = now;
  // libedit begins anew where the cursor is, so it goes to where the line begins: terminals break
  // lines anew when they get narrower.
  const LineInfoW* line = ::el_wline(editor_);
  const std::string before =
      FromWide({line->buffer, static_cast<size_t>(line->cursor - line->buffer)});
  const int rows = (prompt_columns_ + DisplayWidth(before)) / now.columns;
  Send(rows > 0 ? fmt::format("\x1b[{}A\r\x1b[J", rows) : "\r\x1b[J");
  ::el_resize(editor_);
  ::el_set(editor_, EL_REFRESH);
}

int EditLineEditor::ReadCharacter(wchar_t* out) {
  std::string bytes;
  do {
    unsigned char byte = 0;
    if (const int got = ReadByte(&byte); got != 1) return got;
    bytes += static_cast<char>(byte);
  } while (IncompleteUtf8Suffix(bytes) > 0);
  *out = static_cast<wchar_t>(DecodeUtf8(bytes).code_point);
  return 1;
}

unsigned char EditLineEditor::TakePaste() {
  constexpr std::string_view kEnd = "\x1b[201~";
  std::string text;
  bool too_long = false;
  while (!text.ends_with(kEnd)) {
    unsigned char byte = 0;
    const int got = ReadByte(&byte);
    if (got != 1) return got == 0 ? CC_EOF : CC_ERROR;
    text += static_cast<char>(byte);
    if (text.size() <= kMaxPasteBytes + kEnd.size()) continue;
    too_long = true;
    text.erase(0, text.size() - kEnd.size());
  }
  text.resize(text.size() - kEnd.size());
  const std::string shown =
      too_long ? fmt::format("[a paste of more than {} MB was left out]", kMaxPasteBytes >> 20)
               : pastes_.Add(text);
  return ::el_winsertstr(editor_, ToWide(shown).c_str()) == 0 ? CC_REFRESH : CC_REFRESH_BEEP;
}

unsigned char EditLineEditor::Complete() {
  const LineInfoW* line = ::el_wline(editor_);
  const std::string before =
      FromWide({line->buffer, static_cast<size_t>(line->cursor - line->buffer)});
  const Completions found = options_.complete(before);
  if (found.candidates.empty()) return CC_REFRESH_BEEP;
  const std::string prefix = CommonPrefix(found.candidates);
  const std::string_view typed = std::string_view(before).substr(found.from);
  if (prefix.size() > typed.size() || found.candidates.size() == 1) {
    ::el_deletestr(editor_, static_cast<int>(ToWide(typed).size()));
    return ::el_winsertstr(editor_, ToWide(prefix).c_str()) == 0 ? CC_REFRESH : CC_REFRESH_BEEP;
  }
  std::string list = "\n";
  for (const std::string& candidate : found.candidates) list += SafeForTerminal(candidate) + "  ";
  Send(list + "\n");
  return CC_REDISPLAY;
}

LineRead EditLineEditor::Read(std::string_view prompt) {
  prompt_ = options_.styles ? fmt::format("\1\x1b[1m\1{}\1\x1b[0m\1", prompt) : std::string(prompt);
  prompt_columns_ = DisplayWidth(prompt);
  pastes_.Clear();
  was_interrupted_ = false;
  size_ = GetTerminalSize(STDOUT_FILENO);
  ::el_resize(editor_);
  ready_ = false;
  int count = 0;
  const wchar_t* wide = ::el_wgets(editor_, &count);
  Send("\x1b[?2004l");
  if (wide == nullptr || count <= 0) {
    // Rows of the line that stand below the cursor.
    Send("\x1b[J");
    return {was_interrupted_ ? LineRead::Kind::kInterrupted : LineRead::Kind::kEnd};
  }
  std::string line = FromWide({wide, static_cast<size_t>(count)});
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  const std::string whole = pastes_.Expand(line);
  return {LineRead::Kind::kLine, whole, whole != line};
}

void EditLineEditor::Remember(std::string_view entry) {
  HistEventW event;
  ::history_w(history_, &event, H_ENTER, ToWide(entry).c_str());
}

}  // namespace

Result<std::unique_ptr<LineEditor>> LineEditor::Open(LineEditorOptions options) {
  auto editor = std::make_unique<EditLineEditor>(std::move(options));
  FATHOM_RETURN_IF_ERROR(editor->Start());
  return std::unique_ptr<LineEditor>(std::move(editor));
}

struct HiddenKeys::State {
  struct termios before;
};

HiddenKeys::HiddenKeys() {
  struct termios now = {};
  if (::tcgetattr(STDIN_FILENO, &now) != 0) return;
  state_ = std::make_unique<State>(State{now});
  now.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &now);
}

HiddenKeys::~HiddenKeys() {
  if (state_ != nullptr) ::tcsetattr(STDIN_FILENO, TCSANOW, &state_->before);
}

std::string CommonPrefix(const std::vector<std::string>& candidates) {
  if (candidates.empty()) return "";
  std::string prefix = candidates[0];
  for (const std::string& other : candidates) {
    const auto differ = std::mismatch(prefix.begin(), prefix.end(), other.begin(), other.end());
    prefix.erase(differ.first, prefix.end());
  }
  prefix.resize(prefix.size() - IncompleteUtf8Suffix(prefix));
  return prefix;
}

}  // namespace fathom
