// The pages of one sequence, in order: position p lies in page p / 64.
// Pages that other sequences hold too are whole ones, so nothing is ever written to them again.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "backend/cache_layout.h"
#include "base/status.h"
#include "kv/page_pool.h"

namespace fathom {

constexpr int64_t PagesFor(int64_t tokens) { return (tokens + kPageTokens - 1) / kPageTokens; }

// Threads: engine thread only.
class PageTable {
 public:
  explicit PageTable(PagePool& pool) : pool_(&pool) {}  // the pool outlives the table

  // Makes room for `tokens` tokens in all; kResourceExhausted, with nothing changed, when the pool
  // has too few pages.
  Status Reserve(int64_t tokens);

  // Puts pages that hold the first tokens already into an empty table.
  void Begin(std::vector<PageRef> pages);

  // Holds `page` in place of page number `index`, which it gives back.
  void Replace(size_t index, PageRef page);

  // Gives back the pages that no token below `tokens` needs.
  void Truncate(int64_t tokens);

  int64_t capacity() const { return static_cast<int64_t>(pages_.size()) * kPageTokens; }
  std::span<const int32_t> ids() const { return ids_; }
  const PageRef& page(size_t index) const { return pages_[index]; }

 private:
  PagePool* pool_;
  std::vector<PageRef> pages_;
  std::vector<int32_t> ids_;  // of pages_, as kernels want them
};

}  // namespace fathom
