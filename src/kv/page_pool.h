// Who holds which page of the cache: fixed-size pages with counted references.
//
// A page is 64 tokens in every layer at once, so a page id means the same place in each layer's
// memory. The pool knows ids only; the bytes are KvCache's.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"

namespace fathom {

class PagePool;

// One reference to a page. Move-only: a second reference is visible as Share().
class PageRef {
 public:
  PageRef() = default;
  PageRef(PageRef&& other) noexcept : pool_(other.pool_), id_(other.id_) { other.pool_ = nullptr; }
  PageRef& operator=(PageRef&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(id_, other.id_);
    return *this;
  }
  ~PageRef();

  int32_t id() const { return id_; }  // of a reference that holds a page
  PageRef Share() const;

 private:
  friend class PagePool;
  PageRef(PagePool* pool, int32_t id) : pool_(pool), id_(id) {}

  PagePool* pool_ = nullptr;
  int32_t id_ = -1;
};

// Learns when a page goes from one holder to several, and back.
class PageWatcher {
 public:
  virtual void OnShared(int32_t page, bool shared) = 0;

 protected:
  ~PageWatcher() = default;
};

// Threads: engine thread only. Outlives its references.
class PagePool {
 public:
  explicit PagePool(int32_t pages);
  ~PagePool();
  PagePool(const PagePool&) = delete;
  PagePool& operator=(const PagePool&) = delete;

  int32_t size() const { return static_cast<int32_t>(references_.size()); }
  int32_t free() const { return static_cast<int32_t>(free_.size()); }

  // A page nobody holds, the lowest id first while none was given back; nothing when all are held.
  // O(1).
  std::optional<PageRef> Allocate();

  int32_t references(int32_t page) const { return references_[static_cast<size_t>(page)]; }

  // One watcher at a time; null ends it.
  void Watch(PageWatcher* watcher);

 private:
  friend class PageRef;
  void Share(int32_t page);
  void Release(int32_t page);

  std::vector<int32_t> references_;  // [pages]
  std::vector<int32_t> free_;        // a stack of pages without references
  PageWatcher* watcher_ = nullptr;
};

}  // namespace fathom
