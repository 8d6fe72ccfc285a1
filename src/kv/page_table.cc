#include "kv/page_table.h"

#include <utility>

namespace fathom {

Status PageTable::Reserve(int64_t tokens) {
  const auto wanted = static_cast<size_t>(PagesFor(tokens));
  if (wanted <= pages_.size()) return {};
  const size_t more = wanted - pages_.size();
  if (more > static_cast<size_t>(pool_->free())) {
    return ResourceExhausted("the cache is full: {} more page{} of {} tokens needed, {} free of {}",
                             more, more == 1 ? "" : "s", kPageTokens, pool_->free(), pool_->size());
  }
  for (size_t i = 0; i < more; ++i) {
    pages_.push_back(*pool_->Allocate());
    ids_.push_back(pages_.back().id());
  }
  return {};
}

void PageTable::Begin(std::vector<PageRef> pages) {
  FATHOM_CHECK(pages_.empty(), "{} pages held before the first", pages_.size());
  pages_ = std::move(pages);
  for (const PageRef& page : pages_) ids_.push_back(page.id());
}

void PageTable::Replace(size_t index, PageRef page) {
  ids_[index] = page.id();
  pages_[index] = std::move(page);  // a swap: the old one goes with the parameter
}

void PageTable::Truncate(int64_t tokens) {
  const auto kept = static_cast<size_t>(PagesFor(tokens));
  while (pages_.size() > kept) {
    pages_.pop_back();
    ids_.pop_back();
  }
}

}  // namespace fathom
