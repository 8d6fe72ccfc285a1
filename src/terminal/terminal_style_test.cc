#include "terminal/terminal_style.h"

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(Terminal, StylesAreForTerminalsThatWantThem) {
  EXPECT_TRUE(WantsStyle(true, nullptr, "xterm-256color"));
  EXPECT_TRUE(WantsStyle(true, "", "xterm"));  // empty counts as not set
  EXPECT_FALSE(WantsStyle(false, nullptr, "xterm"));
  EXPECT_FALSE(WantsStyle(true, "1", "xterm"));
  EXPECT_FALSE(WantsStyle(true, "0", "xterm"));  // set is set
  EXPECT_FALSE(WantsStyle(true, nullptr, "dumb"));
  EXPECT_FALSE(WantsStyle(true, nullptr, nullptr));
}

TEST(Terminal, StylesThatAreOffAreEmpty) {
  const TerminalStyle on(true), off(false);
  EXPECT_EQ(on.bold(), "\x1b[1m");
  EXPECT_EQ(on.dim(), "\x1b[2m");
  EXPECT_EQ(on.reset(), "\x1b[0m");
  EXPECT_EQ(off.bold(), "");
  EXPECT_EQ(off.dim(), "");
  EXPECT_EQ(off.reset(), "");
}

}  // namespace
}  // namespace fathom
