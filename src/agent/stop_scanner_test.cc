#include "agent/stop_scanner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/utf8.h"

namespace fathom {
namespace {

struct Scanned {
  std::string text;
  std::optional<size_t> hit;
  bool operator==(const Scanned&) const = default;
};

StopScanner Scanner(const std::vector<std::string>& stops) {
  return StopScanner::Create(stops).value();
}

Scanned Scan(const std::vector<std::string>& stops, const std::vector<std::string>& pieces) {
  StopScanner scanner = Scanner(stops);
  Scanned scanned;
  for (const std::string& piece : pieces) scanned.text += scanner.Add(piece);
  scanned.text += scanner.Finish();
  scanned.hit = scanner.hit();
  return scanned;
}

// The slow, obvious version: tries every end, and at every end every stop string.
Scanned Reference(const std::vector<std::string>& stops, const std::string& text) {
  for (size_t end = 1; end <= text.size(); ++end) {
    std::optional<size_t> hit;
    for (size_t i = 0; i < stops.size(); ++i) {
      const bool complete = std::string_view(text).substr(0, end).ends_with(stops[i]);
      if (complete && (!hit || stops[i].size() > stops[*hit].size())) hit = i;
    }
    if (hit) return {text.substr(0, end - stops[*hit].size()), hit};
  }
  return {text, std::nullopt};
}

TEST(StopScanner, WithoutStopStringsEverythingPasses) {
  EXPECT_EQ(Scan({}, {"some ", "", "text"}), (Scanned{"some text", std::nullopt}));
}

TEST(StopScanner, EndsBeforeTheStopString) {
  EXPECT_EQ(Scan({"END"}, {"one END two END"}), (Scanned{"one ", 0}));
  EXPECT_EQ(Scan({"x", "END"}, {"one E", "N", "D two"}), (Scanned{"one ", 1}));
  EXPECT_EQ(Scan({"END"}, {"END"}), (Scanned{"", 0}));
}

TEST(StopScanner, ReleasesABeginningThatCameToNothing) {
  StopScanner scanner = Scanner({"END"});
  EXPECT_EQ(scanner.Add("1 E"), "1 ");
  EXPECT_EQ(scanner.Add("N"), "");
  EXPECT_EQ(scanner.Add("E"), "EN");
  EXPECT_EQ(scanner.Add("!"), "E!");
  EXPECT_EQ(scanner.Add("EN"), "");
  EXPECT_EQ(scanner.Finish(), "EN");
  EXPECT_EQ(scanner.hit(), std::nullopt);
}

TEST(StopScanner, AnEmptyPieceReleasesNothing) {
  StopScanner scanner = Scanner({"END"});
  EXPECT_EQ(scanner.Add("EN"), "");
  EXPECT_EQ(scanner.Add(""), "");
  EXPECT_EQ(scanner.Add("D"), "");
  EXPECT_EQ(scanner.hit(), 0U);
}

TEST(StopScanner, SaysNothingAfterAHit) {
  StopScanner scanner = Scanner({"END"});
  EXPECT_EQ(scanner.Add("a END b"), "a ");
  EXPECT_EQ(scanner.Add("c"), "");
  EXPECT_EQ(scanner.Finish(), "");
}

TEST(StopScanner, TheFirstCompleteOneCountsThenTheLongestThenTheFirst) {
  EXPECT_EQ(Scan({"abcd", "bc"}, {"abcd"}), (Scanned{"a", 1}));
  EXPECT_EQ(Scan({"c", "abc", "bc"}, {"abc"}), (Scanned{"", 1}));
  EXPECT_EQ(Scan({"b", "b"}, {"ab"}), (Scanned{"a", 0}));
}

TEST(StopScanner, FindsOverlappingBeginnings) {
  EXPECT_EQ(Scan({"aab"}, {"aaaab"}), (Scanned{"aa", 0}));
  EXPECT_EQ(Scan({"abab!"}, {"ababab!"}), (Scanned{"ab", 0}));
}

TEST(StopScanner, EveryChunkingGivesTheSame) {
  uint64_t position = 0;
  const auto below = [&](size_t n) {
    return static_cast<size_t>(RandomUniform(5, 0, position++) * static_cast<double>(n));
  };
  // Few letters make many near misses.
  const auto random_text = [&](size_t size, size_t letters) {
    std::string text;
    while (text.size() < size) text.push_back(static_cast<char>('a' + below(letters)));
    return text;
  };
  for (int round = 0; round < 3000; ++round) {
    const size_t letters = 1 + below(3);
    std::vector<std::string> stops(below(4));
    for (std::string& stop : stops) stop = random_text(1 + below(5), letters);
    const std::string text = random_text(below(20), letters);
    const Scanned expected = Reference(stops, text);
    std::vector<std::string> pieces;
    for (size_t at = 0; at < text.size();) {
      pieces.push_back(text.substr(at, below(4)));
      at += pieces.back().size();
    }
    ASSERT_EQ(Scan(stops, pieces), expected) << text;
    ASSERT_EQ(Scan(stops, {text}), expected) << text;
  }
}

TEST(StopScanner, ReleasedTextIsWholeCharacters) {
  const std::string text = "grün 日本 ü, дальше";
  StopScanner scanner = Scanner({"日本語", "üb", "д!"});
  std::string released;
  for (size_t at = 0; at < text.size();) {
    const auto length = static_cast<size_t>(DecodeUtf8(text.substr(at)).length);
    const std::string safe = scanner.Add(text.substr(at, length));
    EXPECT_TRUE(IsValidUtf8(safe)) << safe;
    released += safe;
    at += length;
  }
  released += scanner.Finish();
  EXPECT_EQ(released, text);
}

TEST(StopScanner, RefusesWhatCannotBeAStopString) {
  EXPECT_EQ(StopScanner::Create({"a", ""}).status().message(), "stop[1]: empty");
  EXPECT_EQ(StopScanner::Create({"\xFF"}).status().message(), "stop[0]: invalid UTF-8");
}

}  // namespace
}  // namespace fathom
