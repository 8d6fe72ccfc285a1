#include "kv/prefix_tree.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace fathom {
namespace {

std::array<int32_t, kPageTokens> TokensOfPage(std::span<const int32_t> tokens, int64_t page) {
  std::array<int32_t, kPageTokens> key;
  const auto own = tokens.subspan(static_cast<size_t>(page) * kPageTokens, kPageTokens);
  std::copy(own.begin(), own.end(), key.begin());
  return key;
}

int64_t WholePages(size_t tokens) { return static_cast<int64_t>(tokens) / kPageTokens; }
int64_t MatchablePages(std::span<const int32_t> tokens) {
  return tokens.empty() ? 0 : WholePages(tokens.size() - 1);
}

}  // namespace

PrefixTree::PrefixTree(PagePool& pool)
    : pool_(pool), node_of_page_(static_cast<size_t>(pool.size()), nullptr) {
  pool_.Watch(this);
}

PrefixTree::~PrefixTree() {
  pool_.Watch(nullptr);
  // Taken apart first: a chain of nodes may be deeper than nested destructors can go.
  std::vector<std::unique_ptr<Node>> nodes;
  for (auto& [scope, root] : roots_) nodes.push_back(std::move(root));
  for (size_t i = 0; i < nodes.size(); ++i) {
    for (auto& [tokens, child] : nodes[i]->children) nodes.push_back(std::move(child));
  }
}

void PrefixTree::OnShared(int32_t page, bool shared) {
  if (Node* node = node_of_page_[static_cast<size_t>(page)]) SetShared(node, shared);
}

void PrefixTree::SetShared(Node* node, bool shared) {
  const bool was_blocked = node->blocked();
  if (node->idle_leaf()) idle_leaves_.erase(node->used);
  node->shared = shared;
  if (node->idle_leaf()) idle_leaves_.emplace(node->used, node);
  // Up to the first ancestor that stays as it was.
  bool before = was_blocked;
  while (node->parent != nullptr && node->blocked() != before) {
    const int change = node->blocked() ? 1 : -1;
    blocked_ += change;
    node = node->parent;
    before = node->blocked();
    node->blocked_children += change;
  }
}

PrefixTree::Node* PrefixTree::Child(const Node& node, std::span<const int32_t> tokens,
                                    int64_t page) {
  const auto found = node.children.find(TokensOfPage(tokens, page));
  return found == node.children.end() ? nullptr : found->second.get();
}

void PrefixTree::Use(Node* node) {
  if (node->idle_leaf()) {
    idle_leaves_.erase(node->used);
    idle_leaves_.emplace(clock_, node);
  }
  node->used = clock_;
}

std::vector<PageRef> PrefixTree::Match(uint64_t scope, std::span<const int32_t> tokens) {
  std::vector<PageRef> pages;
  const auto root = roots_.find(scope);
  if (root == roots_.end()) return pages;
  ++clock_;
  Node* node = root->second.get();
  for (int64_t page = 0; page < MatchablePages(tokens); ++page) {
    node = Child(*node, tokens, page);
    if (node == nullptr) break;
    Use(node);
    pages.push_back(node->page.Share());
  }
  return pages;
}

int64_t PrefixTree::MatchLength(uint64_t scope, std::span<const int32_t> tokens) const {
  const auto root = roots_.find(scope);
  if (root == roots_.end()) return 0;
  const Node* node = root->second.get();
  int64_t page = 0;
  for (; page < MatchablePages(tokens); ++page) {
    node = Child(*node, tokens, page);
    if (node == nullptr) break;
  }
  return page * kPageTokens;
}

void PrefixTree::Insert(uint64_t scope, std::span<const int32_t> tokens, PageTable& table) {
  const int64_t pages = WholePages(tokens.size());
  FATHOM_CHECK(pages <= static_cast<int64_t>(table.ids().size()), "{} pages to keep, {} held",
               pages, table.ids().size());
  if (pages == 0) return;
  ++clock_;
  std::unique_ptr<Node>& root = roots_[scope];
  if (root == nullptr) {
    root = std::make_unique<Node>();
    root->scope = scope;
  }
  Node* node = root.get();
  for (int64_t page = 0; page < pages; ++page) {
    const auto index = static_cast<size_t>(page);
    Node* child = Child(*node, tokens, page);
    if (child == nullptr) {
      child = Add(node, TokensOfPage(tokens, page), table.page(index));
    } else {
      Use(child);
      if (child->page.id() != table.page(index).id()) table.Replace(index, child->page.Share());
    }
    node = child;
  }
}

PrefixTree::Node* PrefixTree::Add(Node* parent, const PageTokens& tokens, const PageRef& page) {
  Node*& known = node_of_page_[static_cast<size_t>(page.id())];
  FATHOM_CHECK(known == nullptr, "page {} has a place in the tree already", page.id());
  if (parent->idle_leaf()) idle_leaves_.erase(parent->used);
  const auto place = parent->children.emplace(tokens, std::make_unique<Node>()).first;
  Node* node = place->second.get();
  node->parent = parent;
  node->place = place;
  node->scope = parent->scope;
  node->page = page.Share();
  node->used = clock_;
  known = node;
  ++size_;
  SetShared(node, pool_.references(page.id()) > 1);
  return node;
}

void PrefixTree::Remove(Node* leaf) {
  Node* parent = leaf->parent;
  idle_leaves_.erase(leaf->used);
  node_of_page_[static_cast<size_t>(leaf->page.id())] = nullptr;
  --size_;
  parent->children.erase(leaf->place);
  if (parent->idle_leaf()) idle_leaves_.emplace(parent->used, parent);
  if (parent->parent == nullptr && parent->children.empty()) roots_.erase(parent->scope);
}

int32_t PrefixTree::Evict(int32_t wanted) {
  int32_t given = 0;
  for (; given < wanted && !idle_leaves_.empty(); ++given) {
    Remove(idle_leaves_.begin()->second);
  }
  return given;
}

}  // namespace fathom
