#include "kv/prefix_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <optional>
#include <random>
#include <set>
#include <string>

namespace fathom {
namespace {

// Pages of one token each, 64 times: "abc" is a prefix of three pages.
std::vector<int32_t> Tokens(const std::string& pages, int64_t more = 0) {
  std::vector<int32_t> tokens;
  for (const char page : pages) tokens.insert(tokens.end(), kPageTokens, page);
  tokens.insert(tokens.end(), static_cast<size_t>(more), '.');
  return tokens;
}

class PrefixTreeTest : public testing::Test {
 protected:
  explicit PrefixTreeTest(int32_t pages = 8) : pool_(pages), tree_(pool_) {}

  // A sequence that computes all of its pages.
  PageTable Compute(const std::string& pages) {
    PageTable table(pool_);
    EXPECT_TRUE(table.Reserve(static_cast<int64_t>(pages.size()) * kPageTokens).ok());
    return table;
  }
  void Remember(const std::string& pages, uint64_t scope = 0) {
    PageTable table = Compute(pages);
    tree_.Insert(scope, Tokens(pages), table);
  }
  int64_t Known(const std::string& pages, uint64_t scope = 0) {
    return tree_.MatchLength(scope, Tokens(pages, 1)) / kPageTokens;
  }

  PagePool pool_;
  PrefixTree tree_;
};

TEST_F(PrefixTreeTest, MatchesWholePagesAndLeavesAToken) {
  Remember("abc");
  EXPECT_EQ(tree_.size(), 3);
  const auto matched = [&](const std::vector<int32_t>& tokens) {
    const size_t pages = tree_.Match(0, tokens).size();
    EXPECT_EQ(tree_.MatchLength(0, tokens), static_cast<int64_t>(pages) * kPageTokens);
    return pages;
  };
  EXPECT_EQ(matched(Tokens("abc", 1)), 3U);
  EXPECT_EQ(matched(Tokens("abc")), 2U);
  EXPECT_EQ(matched(Tokens("ab", 63)), 2U);
  EXPECT_EQ(matched(Tokens("abd")), 2U);
  EXPECT_EQ(matched(Tokens("a")), 0U);
  EXPECT_EQ(matched(Tokens("bc")), 0U);
  EXPECT_EQ(matched({}), 0U);
  std::vector<int32_t> other = Tokens("abc", 1);
  other[127] = 'x';  // the last token of the second page
  EXPECT_EQ(matched(other), 1U);
}

TEST_F(PrefixTreeTest, ScopesKnowNothingOfEachOther) {
  Remember("ab", 1);
  EXPECT_EQ(Known("ab", 1), 2);
  EXPECT_EQ(Known("ab", 2), 0);
  EXPECT_EQ(Known("ab", 0), 0);
  Remember("ab", 2);
  EXPECT_EQ(tree_.size(), 4);  // the same tokens, kept apart
}

TEST_F(PrefixTreeTest, SecondComputationOfTheSameTokensGivesItsPagesBack) {
  PageTable first = Compute("ab"), second = Compute("abc");
  tree_.Insert(0, Tokens("ab"), first);
  tree_.Insert(0, Tokens("abc"), second);
  EXPECT_EQ(second.ids()[0], first.ids()[0]);
  EXPECT_EQ(second.ids()[1], first.ids()[1]);
  EXPECT_EQ(pool_.free(), 8 - 3);
  EXPECT_EQ(tree_.size(), 3);
}

TEST_F(PrefixTreeTest, LeastRecentlyUsedLeafGoesFirst) {
  Remember("ab");
  Remember("ac");
  Remember("d");
  EXPECT_EQ(tree_.evictable(), 4);
  static_cast<void>(tree_.Match(0, Tokens("ab", 1)));
  EXPECT_EQ(tree_.Evict(1), 1);
  EXPECT_EQ(Known("ac"), 1);
  EXPECT_EQ(tree_.Evict(1), 1);
  EXPECT_EQ(Known("d"), 0);
  EXPECT_EQ(Known("ab"), 2);
  EXPECT_EQ(tree_.Evict(5), 2);
  EXPECT_EQ(tree_.size(), 0);
  EXPECT_EQ(pool_.free(), 8);
}

TEST_F(PrefixTreeTest, PagesInUseStay) {
  Remember("abc");
  {
    const std::vector<PageRef> held = tree_.Match(0, Tokens("ab", 1));
    EXPECT_EQ(tree_.evictable(), 1);
    EXPECT_EQ(tree_.Evict(3), 1);
    EXPECT_EQ(Known("abc"), 2);
  }
  EXPECT_EQ(tree_.evictable(), 2);
  EXPECT_EQ(tree_.Evict(3), 2);
}

// A chain as long as a context of a million tokens.
TEST(PrefixTree, DeepChainEndsWithoutDeepRecursion) {
  constexpr int32_t kPages = 16384;
  PagePool pool(kPages);
  PrefixTree tree(pool);
  PageTable table(pool);
  ASSERT_TRUE(table.Reserve(int64_t{kPages} * kPageTokens).ok());
  const std::vector<int32_t> tokens(size_t{kPages} * kPageTokens, 7);
  tree.Insert(0, tokens, table);
  EXPECT_EQ(tree.evictable(), 0);
  table.Truncate(0);
  EXPECT_EQ(tree.evictable(), kPages);
}

TEST(PrefixTreeDeathTest, OnePageHasOnePlace) {
  EXPECT_DEATH(
      {
        PagePool pool(2);
        PrefixTree tree(pool);
        PageTable table(pool);
        static_cast<void>(table.Reserve(64));
        tree.Insert(0, Tokens("a"), table);
        tree.Insert(0, Tokens("b"), table);
      },
      "page 0 has a place in the tree already");
}

// What the tree must do, said slowly: prefixes by name, each with the call that used it last.
struct SlowTree {
  struct Entry {
    int32_t page;
    int64_t used;
  };
  std::map<std::pair<uint64_t, std::string>, Entry> entries;
  int64_t clock = 0;

  std::vector<int32_t> Match(uint64_t scope, const std::string& pages) {
    ++clock;
    std::vector<int32_t> found;
    for (size_t n = 1; n <= pages.size(); ++n) {
      const auto entry = entries.find({scope, pages.substr(0, n)});
      if (entry == entries.end()) break;
      entry->second.used = clock;
      found.push_back(entry->second.page);
    }
    return found;
  }
  bool IsLeaf(const std::pair<uint64_t, std::string>& key) const {
    const auto next = std::next(entries.find(key));
    return next == entries.end() || next->first.first != key.first ||
           !next->first.second.starts_with(key.second);
  }
  // The key of the page to give up, given how many hold each.
  std::optional<std::pair<uint64_t, std::string>> Oldest(const PagePool& pool) const {
    std::optional<std::pair<uint64_t, std::string>> oldest;
    for (const auto& [key, entry] : entries) {
      if (!IsLeaf(key) || pool.references(entry.page) > 1) continue;
      if (!oldest || entry.used < entries.at(*oldest).used) oldest = key;
    }
    return oldest;
  }
  int32_t Evictable(const PagePool& pool) const {
    int32_t count = 0;
    for (const auto& [key, entry] : entries) {
      bool held = false;
      for (const auto& [other, below] : entries) {
        held |= other.first == key.first && other.second.starts_with(key.second) &&
                pool.references(below.page) > 1;
      }
      count += !held;
    }
    return count;
  }
};

// Random sequences that start behind what is known, compute the rest, publish some of it, and end;
// others hold single pages for no reason at all.
TEST(PrefixTree, AgreesWithTheSlowTree) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    PagePool pool(12);
    PrefixTree tree(pool);
    SlowTree slow;
    struct Running {
      uint64_t scope;
      std::string pages;
      PageTable table;
    };
    std::list<Running> running;
    std::vector<PageRef> odd;
    const auto below = [&](size_t n) { return random() % n; };
    for (int step = 0; step < 400; ++step) {
      switch (below(5)) {
        case 0: {  // a sequence comes
          std::string pages;
          for (size_t n = 1 + below(5); n > 0; --n) pages += static_cast<char>('a' + below(2));
          const uint64_t scope = below(2);
          Running next{scope, pages, PageTable(pool)};
          std::vector<PageRef> matched = tree.Match(scope, Tokens(pages, 1));
          std::vector<int32_t> ids;
          for (const PageRef& page : matched) ids.push_back(page.id());
          ASSERT_EQ(ids, slow.Match(scope, pages));
          next.table.Begin(std::move(matched));
          const int64_t tokens = static_cast<int64_t>(pages.size()) * kPageTokens;
          const auto missing = static_cast<int32_t>(pages.size() - ids.size());
          while (pool.free() < missing) {
            const auto key = slow.Oldest(pool);
            if (!key) break;
            slow.entries.erase(*key);
            ASSERT_EQ(tree.Evict(1), 1);
          }
          if (next.table.Reserve(tokens).ok()) running.push_back(std::move(next));
          break;
        }
        case 1: {  // one publishes its first pages
          if (running.empty()) break;
          Running& r = *std::next(running.begin(), static_cast<int>(below(running.size())));
          const std::string part = r.pages.substr(0, 1 + below(r.pages.size()));
          tree.Insert(r.scope, Tokens(part), r.table);
          slow.Match(r.scope, part);
          for (size_t n = 1; n <= part.size(); ++n) {
            const auto [entry, added] = slow.entries.try_emplace(
                {r.scope, part.substr(0, n)}, SlowTree::Entry{r.table.ids()[n - 1], slow.clock});
            ASSERT_EQ(entry->second.page, r.table.ids()[n - 1]);
          }
          break;
        }
        case 2:  // one ends
          if (running.empty()) break;
          running.erase(std::next(running.begin(), static_cast<int>(below(running.size()))));
          break;
        case 3: {  // somebody holds, or lets go of, a single page
          if (odd.size() < 2 && !running.empty()) {
            const Running& r = running.back();
            odd.push_back(r.table.page(below(r.pages.size())).Share());
          } else if (!odd.empty()) {
            odd.pop_back();
          }
          break;
        }
        default: {
          const auto key = slow.Oldest(pool);
          ASSERT_EQ(tree.Evict(1), key ? 1 : 0);
          if (key) slow.entries.erase(*key);
        }
      }
      ASSERT_EQ(tree.size(), static_cast<int32_t>(slow.entries.size()));
      ASSERT_EQ(tree.evictable(), slow.Evictable(pool)) << "seed " << seed << " step " << step;
      for (const auto& [key, entry] : slow.entries) {
        ASSERT_GE(tree.MatchLength(key.first, Tokens(key.second, 1)),
                  static_cast<int64_t>(key.second.size()) * kPageTokens);
      }
    }
    running.clear();
    odd.clear();
    EXPECT_EQ(tree.evictable(), tree.size());
    const int32_t kept = tree.size();
    EXPECT_EQ(tree.Evict(100), kept);
    EXPECT_EQ(pool.free(), pool.size());
  }
}

}  // namespace
}  // namespace fathom
