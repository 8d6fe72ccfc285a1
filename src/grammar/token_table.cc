#include "grammar/token_table.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "grammar/utf8_steps.h"

namespace fathom::grammar {

Trie MakeTrie(std::vector<TrieEntry>* entries, std::vector<int32_t>* first) {
  std::sort(entries->begin(), entries->end(),
            [](const TrieEntry& a, const TrieEntry& b) { return a.text < b.text; });
  Trie trie;
  first->clear();
  std::vector<int32_t> path;  // the nodes of the text before, one a byte
  std::string_view before;
  for (size_t e = 0; e < entries->size(); ++e) {
    const std::string_view text = (*entries)[e].text;
    FATHOM_CHECK(!text.empty() && text.size() <= UINT16_MAX, "{} bytes", text.size());
    const size_t least = std::min(before.size(), text.size());
    size_t common = 0;
    while (common < least && text[common] == before[common]) ++common;
    for (size_t i = common; i < path.size(); ++i) {
      trie.skip[static_cast<size_t>(path[i])] = static_cast<int32_t>(trie.size());
    }
    path.resize(common);
    for (size_t i = common; i < text.size(); ++i) {
      path.push_back(static_cast<int32_t>(trie.size()));
      trie.byte.push_back(static_cast<uint8_t>(text[i]));
      trie.depth.push_back(static_cast<uint16_t>(i + 1));
      trie.skip.push_back(0);
      first->push_back(static_cast<int32_t>(e));  // right for the last node; mended below
    }
    before = text;
  }
  for (const int32_t node : path) {
    trie.skip[static_cast<size_t>(node)] = static_cast<int32_t>(trie.size());
  }
  first->push_back(static_cast<int32_t>(entries->size()));
  // In preorder a node's own entries come before those of all later nodes: a node without any
  // begins where the next one does, which is what it was given.
  return trie;
}

size_t CountBegun(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

TokenTable::TokenTable(const Vocabulary& vocabulary, int32_t vocab_size,
                       std::vector<int32_t> eos_ids)
    : vocab_size_(vocab_size), eos_ids_(std::move(eos_ids)) {
  FATHOM_CHECK(vocab_size >= vocabulary.id_limit(), "{} rows for {} ids", vocab_size,
               vocabulary.id_limit());
  for (const int32_t id : eos_ids_) {
    FATHOM_CHECK(id >= 0 && id < vocab_size, "end-of-sequence id {} of {}", id, vocab_size);
  }
  const auto size = static_cast<size_t>(vocab_size);
  offsets_.reserve(size + 1);
  symbols_.resize(size);
  for (int32_t id = 0; id < vocab_size; ++id) {
    offsets_.push_back(static_cast<uint32_t>(blob_.size()));
    if (IsEos(id)) continue;  // it ends an answer and is no part of one
    if (vocabulary.Kind(id) == TokenKind::kOrdinary) {
      blob_.append(vocabulary.Bytes(id));
    } else {
      symbols_[static_cast<size_t>(id)] = vocabulary.IsAdded(id);
    }
  }
  offsets_.push_back(static_cast<uint32_t>(blob_.size()));

  std::vector<TrieEntry> entries;
  for (int32_t id = 0; id < vocab_size; ++id) {
    const std::string_view bytes = Bytes(id);
    if (bytes.empty()) continue;
    entries.push_back({bytes, id});
    longest_ = std::max(longest_, bytes.size());
    if (bytes.size() == 1) single_bytes_.Add(static_cast<uint8_t>(bytes[0]));
  }
  std::vector<int32_t> first;
  trie_ = MakeTrie(&entries, &first);
  tokens_.assign(trie_.size(), -1);
  for (const TrieEntry& entry : entries) {
    ordered_.push_back(entry.value);
    characters_.push_back(static_cast<uint16_t>(CountBegun(entry.text)));
  }
  for (size_t node = 0; node < trie_.size(); ++node) {
    if (first[node] == first[node + 1]) continue;
    tokens_[node] = entries[static_cast<size_t>(first[node])].value;  // bytes are unique
  }
  ranks_ = std::move(first);
  DescribeSubtrees();
}

// From the last node to the first, so that children come before their parent.
void TokenTable::DescribeSubtrees() {
  trie_.below.assign(trie_.size(), 0);
  // The states of UTF-8 from which a node and all below it can be read, a bit each.
  std::vector<uint8_t> readable(trie_.size());
  std::vector<size_t> children;  // that wait for their parent, the leftmost last
  for (size_t node = trie_.size(); node-- > 0;) {
    uint8_t below = 0xFF;
    while (!children.empty() && children.back() < static_cast<size_t>(trie_.skip[node])) {
      const size_t child = children.back();
      children.pop_back();
      trie_.below[node] |= static_cast<ClassSet>(ClassOf(trie_.byte[child]) | trie_.below[child]);
      below &= readable[child];
    }
    children.push_back(node);
    const uint8_t byte = trie_.byte[node];
    if (byte < 0x80) {
      readable[node] = below & 1;
      continue;
    }
    for (const Utf8Step& step : kUtf8Steps) {
      if (byte < step.low || byte > step.high || (below >> step.to & 1) == 0) continue;
      readable[node] |= static_cast<uint8_t>(1 << step.from);
    }
  }
  trie_.characters.resize(trie_.size());
  for (size_t node = 0; node < trie_.size(); ++node) trie_.characters[node] = readable[node] & 1;
}

bool TokenTable::IsEos(int32_t token) const {
  return std::find(eos_ids_.begin(), eos_ids_.end(), token) != eos_ids_.end();
}

std::string_view TokenTable::Bytes(int32_t token) const {
  if (token < 0 || token >= vocab_size_) return {};
  const auto id = static_cast<size_t>(token);
  return std::string_view(blob_).substr(offsets_[id], offsets_[id + 1] - offsets_[id]);
}

bool TokenTable::IsSymbol(int32_t token) const {
  return token >= 0 && token < vocab_size_ && symbols_[static_cast<size_t>(token)];
}

int64_t TokenTable::memory_bytes() const {
  return static_cast<int64_t>(blob_.size() + offsets_.size() * 4 + symbols_.size() / 8 +
                              trie_.size() * (1 + 2 + 4 + 2 + 4 + 4) + ordered_.size() * 6);
}

std::shared_ptr<const TokenTable> MakeTokenTable(const Vocabulary& vocabulary, int32_t vocab_size,
                                                 std::vector<int32_t> eos_ids) {
  return std::make_shared<TokenTable>(vocabulary, vocab_size, std::move(eos_ids));
}

}  // namespace fathom::grammar
