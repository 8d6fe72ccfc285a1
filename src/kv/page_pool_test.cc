#include "kv/page_pool.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "kv/page_table.h"

namespace fathom {
namespace {

TEST(PagePool, GivesEachPageOnce) {
  PagePool pool(5);
  std::vector<PageRef> held;
  std::set<int32_t> ids;
  while (auto page = pool.Allocate()) {
    ids.insert(page->id());
    held.push_back(std::move(*page));
  }
  EXPECT_EQ(ids, (std::set<int32_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(pool.free(), 0);
  held.pop_back();
  EXPECT_EQ(pool.free(), 1);
  EXPECT_TRUE(pool.Allocate().has_value());
}

TEST(PagePool, SharedPageIsFreeWhenTheLastReferenceGoes) {
  PagePool pool(1);
  std::optional<PageRef> first = pool.Allocate();
  ASSERT_TRUE(first);
  {
    const PageRef second = first->Share();
    EXPECT_EQ(second.id(), first->id());
    EXPECT_EQ(pool.references(first->id()), 2);
    first.reset();
    EXPECT_EQ(pool.free(), 0);
  }
  EXPECT_EQ(pool.free(), 1);
}

TEST(PagePoolDeathTest, OutlivedByAReference) {
  EXPECT_DEATH(
      {
        std::optional<PageRef> page;
        PagePool pool(1);
        page = pool.Allocate();
      },
      "1 of 1 pages still held");
}

TEST(PagePool, WatcherLearnsOfTheSecondHolder) {
  struct Watcher : PageWatcher {
    void OnShared(int32_t page, bool shared) override { seen.push_back({page, shared}); }
    std::vector<std::pair<int32_t, bool>> seen;
  } watcher;
  using Seen = std::vector<std::pair<int32_t, bool>>;
  PagePool pool(2);
  pool.Watch(&watcher);
  std::optional<PageRef> first = pool.Allocate();
  EXPECT_EQ(watcher.seen, Seen());
  {
    const PageRef second = first->Share(), third = first->Share();
    EXPECT_EQ(watcher.seen, (Seen{{0, true}}));
  }
  EXPECT_EQ(watcher.seen, (Seen{{0, true}, {0, false}}));
  pool.Watch(nullptr);
  const PageRef unseen = first->Share();
  EXPECT_EQ(watcher.seen.size(), 2U);
}

TEST(PageTable, BeginsBehindSharedPagesAndReplacesOne) {
  PagePool pool(4);
  PageTable first(pool), second(pool);
  ASSERT_TRUE(first.Reserve(128).ok());
  std::vector<PageRef> shared;
  shared.push_back(first.page(0).Share());
  second.Begin(std::move(shared));
  EXPECT_EQ(second.capacity(), 64);
  ASSERT_TRUE(second.Reserve(65).ok());
  EXPECT_EQ(pool.free(), 1);
  second.Replace(1, first.page(1).Share());
  EXPECT_EQ(pool.free(), 2);
  EXPECT_EQ(second.ids()[1], first.ids()[1]);
  EXPECT_EQ(pool.references(first.ids()[1]), 2);
}

TEST(PageTable, GrowsByWholePages) {
  PagePool pool(3);
  PageTable table(pool);
  EXPECT_EQ(table.capacity(), 0);
  ASSERT_TRUE(table.Reserve(1).ok());
  EXPECT_EQ(table.capacity(), 64);
  ASSERT_TRUE(table.Reserve(64).ok());
  EXPECT_EQ(pool.free(), 2);
  ASSERT_TRUE(table.Reserve(65).ok());
  EXPECT_EQ(table.capacity(), 128);
  EXPECT_EQ(table.ids().size(), 2U);
}

TEST(PageTable, ShortOfPagesChangesNothing) {
  PagePool pool(2);
  PageTable table(pool);
  ASSERT_TRUE(table.Reserve(10).ok());
  const Status status = table.Reserve(64 * 3);
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(status.message(), "the cache is full: 2 more pages of 64 tokens needed, 1 free of 2");
  EXPECT_EQ(table.capacity(), 64);
  EXPECT_EQ(pool.free(), 1);
}

TEST(PageTable, TruncateGivesPagesBack) {
  PagePool pool(4);
  PageTable table(pool);
  ASSERT_TRUE(table.Reserve(200).ok());
  EXPECT_EQ(pool.free(), 0);
  table.Truncate(65);
  EXPECT_EQ(pool.free(), 2);
  table.Truncate(0);
  EXPECT_EQ(pool.free(), 4);
}

}  // namespace
}  // namespace fathom
