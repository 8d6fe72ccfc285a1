// The vocabulary as a trie of bytes, laid out in the order in which it is walked.
//
// Nodes stand in preorder, so a walk is one pass over flat arrays: the next node is the first
// child, and a node whose byte may not come is left with `skip`. Only ordinary tokens are in it;
// special and added tokens are symbols of their own and never their bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "grammar/byte_class.h"
#include "grammar/expression.h"
#include "grammar/matcher.h"

namespace fathom::grammar {

// A trie without its root. A node's depth is the number of bytes that lead to it.
struct Trie {
  std::vector<uint8_t> byte;    // [N]
  std::vector<uint16_t> depth;  // [N]
  std::vector<int32_t> skip;    // [N]  the node behind this one's subtree
  // [N]  the classes of all bytes below this node; or empty, when nobody needs them
  std::vector<ClassSet> below;
  // [N]  whether all that is said from this node on is UTF-8, perhaps cut off at its end, when a
  // character begins with the node's byte; empty as `below`
  std::vector<bool> characters;
  size_t size() const { return byte.size(); }
};

// A text and what it stands for, for MakeTrie.
struct TrieEntry {
  std::string_view text;  // not empty
  int32_t value = 0;
};

// Sorts `entries` and makes their trie. The entries of node n are those from first[n] up to
// first[n + 1]. O(n log n) in the number of entries.
Trie MakeTrie(std::vector<TrieEntry>* entries, std::vector<int32_t>* first);

// How many characters of UTF-8 begin in the text.
size_t CountBegun(std::string_view text);

class TokenTable {
 public:
  TokenTable(const Vocabulary& vocabulary, int32_t vocab_size, std::vector<int32_t> eos_ids);

  const Trie& trie() const { return trie_; }
  int32_t token(size_t node) const { return tokens_[node]; }  // -1: none ends here
  // The tokens that end below a node, not at it.
  std::span<const int32_t> TokensBelow(size_t node) const {
    const auto from = static_cast<size_t>(ranks_[node + 1]);
    const auto end = static_cast<size_t>(ranks_[static_cast<size_t>(trie_.skip[node])]);
    return std::span(ordered_).subspan(from, end - from);
  }
  // For each of them the characters that begin in it, the byte that begins one counted.
  std::span<const uint16_t> CharactersBelow(size_t node) const {
    const auto from = static_cast<size_t>(ranks_[node + 1]);
    const auto end = static_cast<size_t>(ranks_[static_cast<size_t>(trie_.skip[node])]);
    return std::span(characters_).subspan(from, end - from);
  }
  size_t longest() const { return longest_; }  // bytes of the longest token
  int32_t vocab_size() const { return vocab_size_; }
  size_t words() const { return (static_cast<size_t>(vocab_size_) + 63) / 64; }
  std::span<const int32_t> eos_ids() const { return eos_ids_; }
  bool IsEos(int32_t token) const;

  // An ordinary token's bytes; empty for any other number.
  std::string_view Bytes(int32_t token) const;
  bool IsOrdinary(int32_t token) const { return !Bytes(token).empty(); }
  // Whether a grammar may name it: a special or added token.
  bool IsSymbol(int32_t token) const;
  // Bytes that are a token by themselves.
  const ByteSet& single_bytes() const { return single_bytes_; }
  int64_t memory_bytes() const;

 private:
  int32_t vocab_size_;
  std::vector<int32_t> eos_ids_;
  std::string blob_;
  std::vector<uint32_t> offsets_;  // [vocab_size + 1]
  std::vector<bool> symbols_;      // [vocab_size]
  void DescribeSubtrees();

  Trie trie_;
  std::vector<int32_t> tokens_;       // [N]
  std::vector<int32_t> ordered_;      // all of them, in the order of their nodes
  std::vector<uint16_t> characters_;  // of each of them
  std::vector<int32_t> ranks_;        // [N + 1]  how many tokens end at nodes before this one
  size_t longest_ = 0;
  ByteSet single_bytes_;
};

}  // namespace fathom::grammar
