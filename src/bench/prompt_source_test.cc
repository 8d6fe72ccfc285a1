#include "bench/prompt_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

namespace fathom {
namespace {

std::vector<int32_t> Ids(int32_t first, size_t count) {
  std::vector<int32_t> ids(count);
  std::iota(ids.begin(), ids.end(), first);
  return ids;
}

TEST(PromptSource, TakesOrdinaryTokensAndAlwaysTheSame) {
  const auto source = PromptSource::Make(Ids(100, 50), {});
  const std::vector<int32_t> tokens = source.value().Tokens(1000);
  EXPECT_EQ(tokens, PromptSource::Make(Ids(100, 50), {}).value().Tokens(1000));
  for (const int32_t token : tokens) {
    EXPECT_GE(token, 100);
    EXPECT_LT(token, 150);
  }
  EXPECT_GT(std::set<int32_t>(tokens.begin(), tokens.end()).size(), 40U);
}

TEST(PromptSource, RepeatsAShortText) {
  const auto source = PromptSource::Make(Ids(0, 40), {7, 8, 9});
  EXPECT_EQ(source.value().Tokens(7), (std::vector<int32_t>{7, 8, 9, 7, 8, 9, 7}));
}

// The engine reuses the longest common prefix, so equal first tokens would be reused work.
TEST(PromptSource, RunsShareTheDepthAndNothingElse) {
  for (const std::vector<int32_t>& text : {std::vector<int32_t>{}, Ids(0, 5)}) {
    const PromptSource source = PromptSource::Make(Ids(0, 32), text).value();
    for (const int64_t depth : {0, 3, 64}) {
      const std::vector<int32_t> shared = source.Tokens(depth + 1);
      std::set<int32_t> firsts = {shared.back()};
      for (int64_t run = 5; run < 13; ++run) {
        const std::vector<int32_t> prompt = source.Prompt(depth, 4, run);
        ASSERT_EQ(prompt.size(), static_cast<size_t>(depth + 4));
        EXPECT_TRUE(std::equal(prompt.begin(), prompt.begin() + depth, shared.begin()));
        EXPECT_TRUE(firsts.insert(prompt[static_cast<size_t>(depth)]).second) << run;
      }
    }
  }
}

TEST(PromptSource, RefusesATinyVocabulary) {
  EXPECT_EQ(PromptSource::Make(Ids(0, 31), {}).status().message(),
            "31 ordinary tokens in the vocabulary, at least 32 are needed");
}

}  // namespace
}  // namespace fathom
