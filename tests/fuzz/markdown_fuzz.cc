// Whatever Markdown comes, in whatever pieces: what reaches the terminal is valid UTF-8, and its
// only control is the newline, our styles, the cursor going up on the screen and erasing below it
// (support/screen.h checks that). And the screen ends up the same however the text was cut. The
// first byte is the length of the pieces, the second the size of the terminal.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "base/utf8.h"
#include "support/screen.h"
#include "terminal/markdown_stream.h"

namespace {

using fathom::TerminalSize;

constexpr int kEndless = 1 << 24;  // no line is broken by the terminal, nothing leaves the screen

std::string Draw(std::string_view text, size_t step, const TerminalSize& size) {
  fathom::test::Screen screen(static_cast<size_t>(size.rows));
  std::string sent;
  const bool broken = size.columns < kEndless;  // by a terminal; the screen of the tests does not
  fathom::MarkdownStream stream({.styles = true,
                                 .size = [&] { return size; },
                                 .write =
                                     [&](std::string_view bytes) {
                                       sent += bytes;
                                       if (!broken) screen.Write(bytes);
                                     }});
  for (size_t at = 0; at < text.size(); at += step) stream.Add(text.substr(at, step));
  stream.Finish();
  FATHOM_CHECK(fathom::IsValidUtf8(sent), "invalid UTF-8 was sent");
  for (const unsigned char c : sent) {
    FATHOM_CHECK(c >= 0x20 || c == '\n' || c == '\r' || c == 0x1b, "control {} was sent", c);
    FATHOM_CHECK(c != 0x7f, "DEL was sent");
  }
  FATHOM_CHECK(sent.find("\xc2\x9b") == sent.npos, "C1 was sent");
  return screen.Text();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  // At most some 24 pieces, since each draws what is open anew.
  const size_t step = data[0] % 32 + 1 + size / 24;
  const TerminalSize small = {.rows = data[1] % 16 + 1, .columns = data[1] / 4 + 1};
  const std::string_view text(reinterpret_cast<const char*>(data + 2), size - 2);
  const TerminalSize endless = {.rows = kEndless, .columns = kEndless};
  const std::string whole = Draw(text, text.size() + 1, endless);
  FATHOM_CHECK(Draw(text, step, endless) == whole, "pieces of {} bytes gave another screen", step);
  Draw(text, step, small);
  return 0;
}
