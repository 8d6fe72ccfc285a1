#include "tokenizer/added_tokens.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/random_text.h"

namespace fathom {
namespace {

std::string Matches(const AddedTokens& tokens, std::string_view text) {
  std::string out;
  size_t from = 0;
  while (const auto match = tokens.FindNext(text, from)) {
    out +=
        std::string(text.substr(from, match->begin - from)) + "[" + std::to_string(match->id) + "]";
    from = match->end;
  }
  return out + std::string(text.substr(from));
}

TEST(AddedTokens, TakesTheLeftmostThenTheLongest) {
  AddedTokens tokens;
  tokens.Add("ab", 1);
  tokens.Add("abcd", 2);
  tokens.Add("bcd", 3);
  tokens.Add("x", 4);
  EXPECT_EQ(Matches(tokens, "abc"), "[1]c");
  EXPECT_EQ(Matches(tokens, "abcd"), "[2]");
  EXPECT_EQ(Matches(tokens, "zbcdx"), "z[3][4]");
  EXPECT_EQ(Matches(tokens, "aabab"), "a[1][1]");
  EXPECT_EQ(Matches(tokens, "abca"), "[1]ca");
  EXPECT_EQ(Matches(tokens, ""), "");
}

TEST(AddedTokens, FindsNothingWhereThereAreNone) {
  EXPECT_FALSE(AddedTokens().FindNext("text", 0).has_value());
}

TEST(AddedTokens, AgreesWithTryingAllOfThem) {
  test::RandomStream random(5);
  const auto random_word = [&random](size_t most) {
    std::string word;
    for (size_t i = 1 + random.Below(most); i > 0; --i) {
      word += static_cast<char>("ab\xFF"[random.Below(3)]);
    }
    return word;
  };
  for (int round = 0; round < 2000; ++round) {
    AddedTokens tokens;
    std::vector<std::string> words;
    for (size_t i = random.Below(8); i > 0; --i) {
      const std::string word = random_word(5);
      if (std::find(words.begin(), words.end(), word) != words.end()) continue;
      tokens.Add(word, static_cast<int32_t>(words.size()));
      words.push_back(word);
    }
    const std::string text = random_word(20);
    std::string expected;
    for (size_t at = 0; at < text.size();) {
      size_t best = words.size();
      for (size_t i = 0; i < words.size(); ++i) {
        const bool longer = best == words.size() || words[i].size() > words[best].size();
        if (longer && std::string_view(text).substr(at).starts_with(words[i])) best = i;
      }
      expected += best < words.size() ? "[" + std::to_string(best) + "]" : text.substr(at, 1);
      at += best < words.size() ? words[best].size() : 1;
    }
    ASSERT_EQ(Matches(tokens, text), expected);
  }
}

}  // namespace
}  // namespace fathom
