// Finds the part of a prompt whose cache pages already exist.
//
// A tree over tokens; every node is one whole page, so a match is always whole pages. A page is
// latents and index keys of every layer at once, so there is nothing else to keep in step. Each
// scope (an API key, say) has a root of its own, and is never told by a quick answer what another
// scope has asked.
//
// The tree holds one reference to each of its pages. Whoever else holds one holds those before it
// too, as a rule; where not, the count of pages that can be given up is exact all the same: the
// pool tells when a page gains or loses other holders, a node knows how many of its children are
// blocked, and a change climbs only as far as it changes something.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "backend/cache_layout.h"
#include "kv/page_pool.h"
#include "kv/page_table.h"

namespace fathom {

// Threads: engine thread only.
class PrefixTree : private PageWatcher {
 public:
  explicit PrefixTree(PagePool& pool);  // the pool outlives the tree and has no other watcher
  ~PrefixTree();
  PrefixTree(const PrefixTree&) = delete;
  PrefixTree& operator=(const PrefixTree&) = delete;

  // Pages of the longest known prefix of `tokens`, in order, now used most recently. Leaves at
  // least one token unmatched, because the caller needs its logits. O(tokens · log children).
  std::vector<PageRef> Match(uint64_t scope, std::span<const int32_t> tokens);

  // How many tokens Match would find; changes nothing.
  int64_t MatchLength(uint64_t scope, std::span<const int32_t> tokens) const;

  // Remembers the whole pages of `tokens`, which `table` holds, as used most recently. Where the
  // tree has a page of the same tokens already, the table gets that one instead of its own: they
  // hold the same bits. O(tokens · log children).
  void Insert(uint64_t scope, std::span<const int32_t> tokens, PageTable& table);

  // Gives back up to `wanted` pages that nobody else holds, the least recently used leaf first;
  // returns how many. O(log nodes) each.
  int32_t Evict(int32_t wanted);

  // How many Evict could give back. O(1).
  int32_t evictable() const { return size_ - blocked_; }
  int32_t size() const { return size_; }  // pages in the tree

 private:
  using PageTokens = std::array<int32_t, kPageTokens>;
  struct Node {
    Node* parent = nullptr;  // null in a root
    PageRef page;
    bool shared = false;           // somebody else holds the page
    int64_t blocked_children = 0;  // of those, how many can't be given up
    uint64_t used = 0;             // when, counted in calls
    uint64_t scope = 0;
    // Ordered, so that no choice of tokens makes the search slow.
    std::map<PageTokens, std::unique_ptr<Node>> children;
    std::map<PageTokens, std::unique_ptr<Node>>::iterator place;  // in the parent's children

    bool blocked() const { return shared || blocked_children > 0; }
    bool idle_leaf() const { return parent != nullptr && children.empty() && !shared; }
  };

  void OnShared(int32_t page, bool shared) override;
  void SetShared(Node* node, bool shared);
  // Null where there is none.
  static Node* Child(const Node& node, std::span<const int32_t> tokens, int64_t page);
  void Use(Node* node);
  Node* Add(Node* parent, const PageTokens& tokens, const PageRef& page);
  void Remove(Node* leaf);  // an idle one

  PagePool& pool_;
  std::map<uint64_t, std::unique_ptr<Node>> roots_;  // by scope; none without children
  std::vector<Node*> node_of_page_;                  // [pages], null where the tree has none
  std::map<uint64_t, Node*> idle_leaves_;            // by `used`: one call uses one path
  uint64_t clock_ = 0;
  int32_t size_ = 0;
  int32_t blocked_ = 0;
};

}  // namespace fathom
