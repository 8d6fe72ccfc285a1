#include "terminal/terminal_text.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "base/utf8.h"

namespace fathom {
namespace {

std::string Character(char32_t c) {
  std::string text;
  AppendUtf8(c, &text);
  return text;
}

// Pieces of `step` bytes, through one TerminalText.
std::string InPieces(std::string_view text, size_t step) {
  TerminalText terminal;
  std::string out;
  for (size_t at = 0; at < text.size(); at += step) out += terminal.Add(text.substr(at, step));
  return out + terminal.Finish();
}

TEST(TerminalText, OrdinaryTextStays) {
  for (const std::string text :
       {"plain", "two\nlines\tand a tab", "grün, 日本語, русский, العربية, עברית, हिन्दी",
        "a\\b \\x1b stays text", "math: ∑ √ × ≤ 𝔘, box: ┌─┐"}) {
    EXPECT_EQ(SafeForTerminal(text), text);
  }
}

TEST(TerminalText, EmojiAndJoinersStay) {
  for (const std::string text : {
           "👩‍💻",        // woman, zero width joiner, laptop
           "❤️",             // heart, variation selector 16
           "👍🏽 🇳🇴",  // skin tone, flag
           "می‌خواهم",  // Persian with a zero width non-joiner
       }) {
    EXPECT_EQ(SafeForTerminal(text), text);
  }
  EXPECT_EQ(SafeForTerminal(Character(0xE0100)), Character(0xE0100));  // ideographic variant
}

TEST(TerminalText, EscapeSequencesAreShown) {
  EXPECT_EQ(SafeForTerminal("\x1b[31mred\x1b[0m"), "\\x1b[31mred\\x1b[0m");
  EXPECT_EQ(SafeForTerminal("\x1b]0;title\x07"), "\\x1b]0;title\\x07");
  EXPECT_EQ(SafeForTerminal("\x1b[2J\x1b[H"), "\\x1b[2J\\x1b[H");
  EXPECT_EQ(SafeForTerminal("\x1bP+q544e\x1b\\"), "\\x1bP+q544e\\x1b\\");
}

// OSC 52 sets the clipboard: what is pasted next would be the model's choice.
TEST(TerminalText, TheClipboardIsOutOfReach) {
  EXPECT_EQ(SafeForTerminal("\x1b]52;c;cm0gLXJm\x07"), "\\x1b]52;c;cm0gLXJm\\x07");
  EXPECT_EQ(SafeForTerminal("\xC2\x9D"
                            "52;c;cm0gLXJm\xC2\x9C"),
            "\\u009d52;c;cm0gLXJm\\u009c");
  EXPECT_EQ(SafeForTerminal("\x9D"
                            "52;c;cm0gLXJm\x9C"),
            "\\x9d52;c;cm0gLXJm\\x9c");
}

TEST(TerminalText, ControlCharactersAreShown) {
  EXPECT_EQ(SafeForTerminal(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(SafeForTerminal("real line\rfake"), "real line\\x0dfake");
  EXPECT_EQ(SafeForTerminal("abc\b\b\b"), "abc\\x08\\x08\\x08");
  EXPECT_EQ(SafeForTerminal("\x7f"), "\\x7f");
  EXPECT_EQ(SafeForTerminal("\xC2\x85\xC2\x9B"
                            "31m"),
            "\\u0085\\u009b31m");
  for (char32_t c = 0; c < 0xA0; ++c) {
    const bool stays = c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7F);
    EXPECT_EQ(SafeForTerminal(Character(c)) == Character(c), stays) << uint32_t{c};
  }
}

TEST(TerminalText, DirectionControlsAreShown) {
  EXPECT_EQ(SafeForTerminal("access = \u202E\u2066// admin\u2069 \u2066user"),
            "access = \\u202e\\u2066// admin\\u2069 \\u2066user");
  for (const char32_t c : {0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069,
                           0x200E, 0x200F, 0x061C}) {
    EXPECT_EQ(SafeForTerminal(Character(c)), fmt::format("\\u{:04x}", uint32_t{c}));
  }
}

TEST(TerminalText, InvisibleCharactersAreShown) {
  EXPECT_EQ(SafeForTerminal("pass\u200Bword\u2060\uFEFF\u00AD"),
            "pass\\u200bword\\u2060\\ufeff\\u00ad");
  EXPECT_EQ(SafeForTerminal("line\u2028paragraph\u2029"), "line\\u2028paragraph\\u2029");
  EXPECT_EQ(SafeForTerminal("\u3164\u115F\uFFA0\u2063"), "\\u3164\\u115f\\uffa0\\u2063");
  EXPECT_EQ(SafeForTerminal("\U000E0041\U000E0062\U000E007F"), "\\U000e0041\\U000e0062\\U000e007f");
  EXPECT_EQ(SafeForTerminal("\uFFFE\U0001FFFF\U0010FFFE\uFDD0"),
            "\\ufffe\\U0001ffff\\U0010fffe\\ufdd0");
}

TEST(TerminalText, VisibleFormatCharactersAndPrivateUseStay) {
  for (const char32_t c : {0x0600, 0x06DD, 0x070F, 0x110BD, 0xE000, 0xF8FF, 0x100000, 0x10FFFD}) {
    EXPECT_EQ(SafeForTerminal(Character(c)), Character(c)) << uint32_t{c};
  }
}

TEST(TerminalText, InvalidUtf8IsShownByteByByte) {
  EXPECT_EQ(SafeForTerminal("gr\xFCn"), "gr\\xfcn");
  EXPECT_EQ(SafeForTerminal("\xE2\x80"), "\\xe2\\x80");
  EXPECT_EQ(SafeForTerminal("\xC0\x9B"), "\\xc0\\x9b");           // overlong ESC
  EXPECT_EQ(SafeForTerminal("\xED\xA0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(SafeForTerminal("\xF4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

TEST(TerminalText, ACharacterMayBeCutBetweenPieces) {
  TerminalText terminal;
  EXPECT_EQ(terminal.Add("a\xE2"), "a");
  EXPECT_EQ(terminal.Add("\x80"), "");
  EXPECT_EQ(terminal.Add("\xAE!"), "\\u202e!");
  EXPECT_EQ(terminal.Add("\xC2"), "");
  EXPECT_EQ(terminal.Finish(), "\\xc2");
  EXPECT_EQ(terminal.Add("\x9B"), "\\x9b");  // another text: the two don't meet
  EXPECT_EQ(terminal.Finish(), "");
}

TEST(TerminalText, EveryChunkingGivesTheSame) {
  const std::vector<std::string> parts = {
      "a",        "\n", "\x1b", "\xC2",         "\x9D", "\xE2\x80", "\xAE",    "\xF0\x9F",
      "\x91\xA9", "é",  "\xFF", "\xE2\x80\x8D", "日",   "\u2066",   "\xF3\xA0"};
  uint64_t position = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) {
      const double share = RandomUniform(3, 0, position++);
      text += parts[static_cast<size_t>(share * static_cast<double>(parts.size()))];
    }
    const std::string whole = SafeForTerminal(text);
    for (size_t step = 1; step <= 5; ++step) ASSERT_EQ(InPieces(text, step), whole);
  }
}

}  // namespace
}  // namespace fathom
