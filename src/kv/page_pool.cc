#include "kv/page_pool.h"

namespace fathom {

PageRef::~PageRef() {
  if (pool_ != nullptr) pool_->Release(id_);
}

PageRef PageRef::Share() const {
  FATHOM_CHECK(pool_ != nullptr, "sharing an empty page reference");
  pool_->Share(id_);
  return PageRef(pool_, id_);
}

PagePool::PagePool(int32_t pages) : references_(static_cast<size_t>(pages), 0) {
  free_.reserve(references_.size());
  for (int32_t page = pages - 1; page >= 0; --page) free_.push_back(page);
}

PagePool::~PagePool() {
  FATHOM_CHECK(free() == size(), "{} of {} pages still held", size() - free(), size());
}

std::optional<PageRef> PagePool::Allocate() {
  if (free_.empty()) return std::nullopt;
  const int32_t page = free_.back();
  free_.pop_back();
  references_[static_cast<size_t>(page)] = 1;
  return PageRef(this, page);
}

void PagePool::Watch(PageWatcher* watcher) {
  FATHOM_CHECK(watcher == nullptr || watcher_ == nullptr, "the pages have a watcher already");
  watcher_ = watcher;
}

void PagePool::Share(int32_t page) {
  const int32_t references = ++references_[static_cast<size_t>(page)];
  if (references == 2 && watcher_ != nullptr) watcher_->OnShared(page, true);
}

void PagePool::Release(int32_t page) {
  int32_t& references = references_[static_cast<size_t>(page)];
  FATHOM_CHECK(references > 0, "page {} released twice", page);
  --references;
  if (references == 0) free_.push_back(page);
  if (references == 1 && watcher_ != nullptr) watcher_->OnShared(page, false);
}

}  // namespace fathom
