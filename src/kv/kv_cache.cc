#include "kv/kv_cache.h"

namespace fathom {

Result<KvCache> KvCache::Create(Backend& backend, const CacheLayout& layout, int64_t layers,
                                int32_t pages) {
  FATHOM_RETURN_IF_ERROR(layout.Validate());
  KvCache cache;
  cache.layout_ = layout;
  cache.layers_ = layers;
  cache.pool_ = std::make_unique<PagePool>(pages);
  const int64_t tokens = layers * pages * kPageTokens;
  FATHOM_ASSIGN_OR_RETURN(cache.latents_,
                          backend.Allocate(static_cast<size_t>(tokens * layout.LatentBytes())));
  FATHOM_ASSIGN_OR_RETURN(cache.index_keys_,
                          backend.Allocate(static_cast<size_t>(tokens * layout.IndexKeyBytes())));
  return cache;
}

KvCache KvCache::WithoutMemory(int32_t pages) {
  KvCache cache;
  cache.pool_ = std::make_unique<PagePool>(pages);
  return cache;
}

LayerCache KvCache::Layer(int64_t layer) const {
  FATHOM_DCHECK(layer >= 0 && layer < layers_, "layer {} of {}", layer, layers_);
  const int64_t first = layer * pool_->size() * kPageTokens;
  return {layout_, latents_.data() + first * layout_.LatentBytes(),
          index_keys_.data() + first * layout_.IndexKeyBytes()};
}

}  // namespace fathom
