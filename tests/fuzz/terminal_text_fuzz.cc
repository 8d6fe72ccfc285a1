// Whatever comes, what is printed holds no control byte but newline and tab, no direction control
// and no invalid UTF-8, and doesn't depend on how the text was cut. The first byte is the length of
// the pieces.
#include "terminal/terminal_text.h"

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "base/utf8.h"

namespace {

bool MayBePrinted(char32_t c) {
  if (c < 0x20) return c == '\n' || c == '\t';
  if (c >= 0x7F && c < 0xA0) return false;
  const bool direction = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) ||
                         c == 0x200E || c == 0x200F || c == 0x061C;
  const bool line = c == 0x2028 || c == 0x2029;
  const bool tag = c >= 0xE0000 && c <= 0xE007F;
  return !direction && !line && !tag;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t step = data[0] % 8 + 1;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);

  const std::string whole = fathom::SafeForTerminal(text);
  for (std::string_view left = whole; !left.empty();) {
    const fathom::Utf8Char c = fathom::DecodeUtf8(left);
    FATHOM_CHECK(c.valid, "invalid UTF-8 was printed");
    FATHOM_CHECK(MayBePrinted(c.code_point), "U+{:04X} was printed", uint32_t{c.code_point});
    left.remove_prefix(static_cast<size_t>(c.length));
  }
  FATHOM_CHECK(fathom::SafeForTerminal(whole) == whole, "what is safe stays as it is");

  fathom::TerminalText terminal;
  std::string pieces;
  for (size_t at = 0; at < text.size(); at += step) pieces += terminal.Add(text.substr(at, step));
  pieces += terminal.Finish();
  FATHOM_CHECK(pieces == whole, "pieces of {} bytes gave another text", step);
  return 0;
}
