// The memory of the cache: latents and index keys of every layer and page, and the pool that says
// who holds which page. The two move together: a page is both, in every layer.
#pragma once

#include <cstdint>
#include <memory>

#include "backend/backend.h"
#include "backend/cache_layout.h"
#include "base/status.h"
#include "kv/page_pool.h"

namespace fathom {

// Threads: engine thread only.
class KvCache {
 public:
  // `layers` counts the MTP layer when it is used. Memory is taken at once, but costs nothing until
  // a page is written. kUnsupported where the layout does not exist, kResourceExhausted.
  static Result<KvCache> Create(Backend& backend, const CacheLayout& layout, int64_t layers,
                                int32_t pages);

  // Pages alone, for models that keep what belongs to them elsewhere; it has no layers.
  static KvCache WithoutMemory(int32_t pages);

  static int64_t BytesFor(const CacheLayout& layout, int64_t layers, int64_t pages) {
    return layout.TokenBytes() * kPageTokens * layers * pages;
  }

  const CacheLayout& layout() const { return layout_; }
  int64_t layers() const { return layers_; }
  PagePool& pool() const { return *pool_; }
  LayerCache Layer(int64_t layer) const;

 private:
  CacheLayout layout_;
  int64_t layers_ = 0;
  std::unique_ptr<PagePool> pool_;  // behind a pointer, so that page references survive a move
  Buffer latents_;                  // [layers, pages, 64, LatentBytes]
  Buffer index_keys_;               // [layers, pages, 64 * IndexKeyBytes]
};

}  // namespace fathom
