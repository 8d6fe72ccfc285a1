#include "agent/loop_guard.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <vector>

#include "base/check.h"
#include "support/nano_tokenizer.h"
#include "tokenizer/tokenizer.h"

namespace fathom {
namespace {

using test::Nano;

// The slow, obvious version.
int32_t ReferencePeriod(const std::vector<int32_t>& text) {
  const auto size = static_cast<int32_t>(text.size());
  for (int32_t p = 1; p <= LoopGuard::kMaxPeriod; ++p) {
    int32_t repeated = 0;
    while (repeated + p < size &&
           text[size_t(size - 1 - repeated)] == text[size_t(size - 1 - repeated - p)]) {
      ++repeated;
    }
    if (repeated >= std::max(LoopGuard::kLeastRepeated, LoopGuard::kLeastRounds * p)) return p;
  }
  return 0;
}

TEST(LoopGuard, SaysWhatTheReferenceSays) {
  for (uint32_t seed = 0; seed < 30; ++seed) {
    std::mt19937 random(seed);
    std::vector<int32_t> text;
    LoopGuard guard;
    // Stretches of chance and stretches that repeat what came before, few different tokens.
    while (text.size() < 2000) {
      const size_t length = random() % 500;
      const size_t back = 1 + random() % (seed % 3 == 0 ? 4 : 90);
      const bool repeats = random() % 2 == 0 && text.size() > back;
      for (size_t i = 0; i < length; ++i) {
        const int32_t token =
            repeats ? text[text.size() - back] : static_cast<int32_t>(random() % 5);
        text.push_back(token);
        guard.Add(token);
        if (text.size() % 7 != 0) continue;
        ASSERT_EQ(guard.period(), ReferencePeriod(text))
            << "seed " << seed << " at " << text.size();
      }
    }
  }
}

// A loop is noticed at the very token that completes it, whatever its period.
TEST(LoopGuard, NoticesALoopAtItsToken) {
  for (const int32_t period : {1, 2, 3, 63, 64, 65, 200, 1023, 1024}) {
    LoopGuard guard;
    const int32_t needed =
        period + std::max(LoopGuard::kLeastRepeated, LoopGuard::kLeastRounds * period);
    for (int32_t i = 0; i < 100; ++i) guard.Add(5000 + i);
    for (int32_t i = 0; i < needed; ++i) {
      ASSERT_FALSE(guard.looping()) << period << " at " << i;
      guard.Add(i % period);
    }
    EXPECT_EQ(guard.period(), period);
    EXPECT_GE(guard.Closeness(), 1);
    guard.Add(9999);
    EXPECT_FALSE(guard.looping());
  }
}

TEST(LoopGuard, LongerPeriodsAreNotNoticed) {
  LoopGuard guard;
  for (int32_t i = 0; i < 10 * (LoopGuard::kMaxPeriod + 1); ++i) {
    guard.Add(i % (LoopGuard::kMaxPeriod + 1));
    ASSERT_FALSE(guard.looping());
  }
}

std::string TextOf(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

// How near a text comes to a loop at its nearest, and whether it is one.
struct Nearest {
  double closeness = 0;
  bool loops = false;
};
Nearest NearestOf(const std::string& text) {
  LoopGuard guard;
  Nearest nearest;
  int64_t at = 0;
  for (const int32_t token : Nano().Encode(text)) {
    guard.Add(token);
    nearest.loops |= guard.looping();
    if (++at % 8 == 0) nearest.closeness = std::max(nearest.closeness, guard.Closeness());
  }
  return nearest;
}

// Prose, documents with tables, lists and formulas, and code: nothing that is written out in this
// repository is a loop. (A generated table of 0s is, and so are cases of tests that hold a name of
// a thousand a's; both are left out.)
TEST(LoopGuard, OrdinaryTextIsNoLoop) {
  double nearest = 0;
  std::string where;
  int files = 0;
  int64_t bytes = 0;
  for (const char* folder : {"apps", "bench", "docs", "src", "tests", "tools"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(FATHOM_SOURCE_DIR "/" +
                                                                           std::string(folder))) {
      const std::string extension = entry.path().extension().string();
      const bool is_text = extension == ".txt" || extension == ".md" || extension == ".cc" ||
                           extension == ".h" || extension == ".py" || extension == ".sh";
      if (!entry.is_regular_file() || !is_text) continue;
      const std::string text = TextOf(entry.path());
      const Nearest here = NearestOf(text);
      EXPECT_FALSE(here.loops) << entry.path();
      if (here.closeness > nearest) {
        nearest = here.closeness;
        where = entry.path().filename();
      }
      ++files;
      bytes += static_cast<int64_t>(text.size());
    }
  }
  EXPECT_GT(files, 300);
  std::cout << "nearest to a loop: " << nearest << " in " << where << ", of " << files << " files, "
            << bytes << " bytes\n";
}

std::string Repeated(std::string_view piece, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += piece;
  return text;
}

TEST(LoopGuard, WhatOnlyLooksLikeALoopIsNone) {
  std::string table = "| n | n squared | even |\n|---|---|---|\n", list, sum, matrix, steps;
  for (int i = 1; i <= 200; ++i) {
    table += fmt::format("| {} | {} | {} |\n", i, i * i, i % 2 == 0 ? "yes" : "no");
    list += fmt::format("- item {}\n", i);
    sum += fmt::format("{} + ", i);
    steps += fmt::format("Step {}: {} is not prime, since {} = {} * 2.\n", i, 2 * i, 2 * i, i);
  }
  for (int i = 0; i < 16; ++i) {  // the identity
    for (int j = 0; j < 16; ++j) matrix += i == j ? "1 & " : "0 & ";
    matrix += "\\\\\n";
  }
  const std::string rule = Repeated("-", 80) + "\n" + Repeated("| ", 40) + "\n";
  for (const std::string& text : {table, list, sum, matrix, steps, rule, Repeated("ha", 60)}) {
    EXPECT_FALSE(NearestOf(text).loops) << text.substr(0, 60);
  }
}

TEST(LoopGuard, WhatModelsFallIntoIsOne) {
  for (const char* piece : {"0", "no, ", "Wait, let me check that again.\n", "\n\n",
                            "So the answer is 4.\n\nBut wait, is it? Let me compute it once more: "
                            "2 + 2 = 4. So the answer is 4.\n\nHmm. "}) {
    EXPECT_TRUE(NearestOf("Let me think. " + Repeated(piece, 600)).loops) << piece;
  }
}

}  // namespace
}  // namespace fathom
