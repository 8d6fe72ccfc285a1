#include "tokenizer/bpe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "support/random_text.h"
#include "support/reference_tokenizer.h"

namespace fathom {
namespace {

using test::RandomStream;

// A vocabulary by bytes, grown merge by merge; ids are places in `tokens`.
struct MergeList {
  std::vector<std::string> tokens;
  std::map<std::string, int32_t> ids;
  std::vector<Merge> merges;

  MergeList() {
    for (int byte = 0; byte < 256; ++byte) IdOf(std::string(1, static_cast<char>(byte)));
  }

  int32_t IdOf(const std::string& token) {
    const auto [place, fresh] = ids.emplace(token, static_cast<int32_t>(tokens.size()));
    if (fresh) tokens.push_back(token);
    return place->second;
  }
  void Add(const std::string& left, const std::string& right) {
    merges.push_back({IdOf(left), IdOf(right), IdOf(left + right)});
  }

  Bpe Make() const {
    std::array<int32_t, 256> byte_ids;
    for (size_t byte = 0; byte < 256; ++byte) byte_ids[byte] = static_cast<int32_t>(byte);
    auto bpe = Bpe::Make(byte_ids, merges, static_cast<int32_t>(tokens.size()));
    FATHOM_CHECK(bpe.ok(), "{}", bpe.status().message());
    return std::move(bpe).value();
  }
  test::ReferenceRanks Ranks() const {
    test::ReferenceRanks ranks;
    for (const Merge& merge : merges) {
      ranks.emplace(std::pair(tokens[static_cast<size_t>(merge.left)],
                              tokens[static_cast<size_t>(merge.right)]),
                    ranks.size());
    }
    return ranks;
  }
};

std::vector<std::string> Encode(const Bpe& bpe, const MergeList& list, std::string_view piece) {
  Bpe::Scratch scratch;
  std::vector<int32_t> ids;
  bpe.Encode(piece, &scratch, &ids);
  std::vector<std::string> tokens;
  for (const int32_t id : ids) tokens.push_back(list.tokens[static_cast<size_t>(id)]);
  return tokens;
}

std::string RandomPiece(RandomStream* random, const std::vector<std::string>& characters,
                        size_t count) {
  std::string piece;
  for (size_t i = 0; i < count; ++i) piece += random->Of(characters);
  return piece;
}

// Merges as training makes them, but of any neighbours in a random text instead of the most
// frequent: so parts of characters join others, and tokens straddle characters.
MergeList RandomMerges(RandomStream* random, const std::vector<std::string>& characters,
                       size_t count) {
  MergeList list;
  std::vector<std::string> text;
  for (const char byte : RandomPiece(random, characters, 120)) text.emplace_back(1, byte);
  while (list.merges.size() < count && text.size() > 1) {
    const size_t place = random->Below(text.size() - 1);
    const std::string left = text[place], right = text[place + 1];
    if (list.ids.contains(left + right)) {  // each token is made once, as in training
      text.erase(text.begin() + static_cast<std::ptrdiff_t>(place));
      continue;
    }
    list.Add(left, right);
    std::vector<std::string> merged;
    for (size_t i = 0; i < text.size(); ++i) {
      if (i + 1 < text.size() && text[i] == left && text[i + 1] == right) {
        merged.push_back(left + right);
        ++i;
      } else {
        merged.push_back(text[i]);
      }
    }
    text = std::move(merged);
  }
  return list;
}

TEST(Bpe, TakesTheLowestRankThenTheLeftmost) {
  MergeList list;
  list.Add("b", "c");
  list.Add("a", "b");
  list.Add("a", "a");
  const Bpe bpe = list.Make();
  EXPECT_THAT(Encode(bpe, list, "abc"), testing::ElementsAre("a", "bc"));
  EXPECT_THAT(Encode(bpe, list, "abab"), testing::ElementsAre("ab", "ab"));
  EXPECT_THAT(Encode(bpe, list, "aaaaa"), testing::ElementsAre("aa", "aa", "a"));
  EXPECT_THAT(Encode(bpe, list, "z"), testing::ElementsAre("z"));
}

TEST(Bpe, RefusesAPairWithTwoRanks) {
  std::array<int32_t, 256> byte_ids{};
  for (size_t i = 0; i < 256; ++i) byte_ids[i] = static_cast<int32_t>(i);
  const std::vector<Merge> merges = {{97, 98, 256}, {98, 97, 257}, {97, 98, 258}};
  EXPECT_EQ(Bpe::Make(byte_ids, merges, 259).status().message(), "merges[2] repeats merges[0]");
}

// The characters share bytes (E4 B8 xx, C3 xx, a continuation byte that occurs twice), so that
// merges across their borders are frequent.
class BpeAgainstReference : public testing::TestWithParam<bool> {};

TEST_P(BpeAgainstReference, RandomMergesAndPieces) {
  const std::vector<std::string> characters = {"a",  "b",      " ",      "é",  "è", "中",
                                               "丸", "\u8E80", "\u8000", "、", "€", "😀"};
  RandomStream random(GetParam() ? 11 : 12);
  for (int round = 0; round < 200; ++round) {
    MergeList list = RandomMerges(&random, characters, 20 + random.Below(60));
    if (GetParam()) {
      // No trained list looks like this, but a file may.
      for (size_t i = list.merges.size(); i > 1; --i) {
        std::swap(list.merges[i - 1], list.merges[random.Below(i)]);
      }
    }
    const Bpe bpe = list.Make();
    const auto ranks = list.Ranks();
    for (int text = 0; text < 40; ++text) {
      const std::string piece = RandomPiece(&random, characters, 1 + random.Below(40));
      ASSERT_EQ(Encode(bpe, list, piece), test::ReferenceMerge(piece, ranks))
          << "round " << round << " " << piece;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Lists, BpeAgainstReference, testing::Bool(), [](const auto& info) {
  return info.param ? "InAnyOrder" : "InOrderOfTraining";
});

// Both ways of merging, on every length around the border between them.
TEST(Bpe, ShortAndLongPiecesAgree) {
  RandomStream random(3);
  const std::vector<std::string> characters = {"a", "b"};
  const MergeList list = RandomMerges(&random, characters, 30);
  const Bpe bpe = list.Make();
  const auto ranks = list.Ranks();
  for (size_t length = 1; length < 200; ++length) {
    const std::string piece = RandomPiece(&random, characters, length);
    ASSERT_EQ(Encode(bpe, list, piece), test::ReferenceMerge(piece, ranks)) << length;
  }
}

}  // namespace
}  // namespace fathom
