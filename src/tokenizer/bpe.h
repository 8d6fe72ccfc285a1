// Byte-pair merges: one piece of text → token ids.
//
// The piece starts as one token a byte. Of all neighbours that have a merge, the two of lowest rank
// (the leftmost, where equal) become one token, until none have. Short pieces are searched from end
// to end for the next merge; long ones keep a heap, so a piece of n bytes takes O(n log n).
//
// Where the merge list proves that it makes no difference, a character enters as one token at
// once (bpe_characters.cc): a Chinese text then starts with a third of the tokens.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace fathom {

struct Merge {
  int32_t left;
  int32_t right;
  int32_t result;
};

class Bpe {
 public:
  // Buffers for long pieces, kept from call to call. One user at a time.
  class Scratch {
   public:
    // Gives back what one huge piece has taken.
    void Trim();

   private:
    friend class Bpe;
    struct Node {
      int32_t id;
      uint32_t rank;  // of the merge with the next node; kNoMerge where none, or where gone
      uint32_t previous;
      uint32_t next;
    };
    std::vector<Node> nodes_;
    std::vector<uint64_t> heap_;  // rank << 32 | node, the lowest on top
  };

  // `byte_ids`: the token of each single byte. `merges`: by rank; all their ids are in
  // [0, id_limit). Fails where a pair has two merges.
  static Result<Bpe> Make(const std::array<int32_t, 256>& byte_ids, std::span<const Merge> merges,
                          int32_t id_limit);

  // Appends the tokens of `piece`: valid UTF-8, shorter than 4 GiB.
  void Encode(std::string_view piece, Scratch* scratch, std::vector<int32_t>* ids) const;

 private:
  static constexpr uint32_t kNoMerge = ~uint32_t{0};
  static constexpr size_t kShortPiece = 64;  // tokens at the start
  using ShortPiece = std::array<int32_t, kShortPiece>;

  struct Slot {
    int32_t left = -1;  // -1: free
    int32_t right = -1;
    uint32_t rank = kNoMerge;
  };

  // The lowest ranks of the merges that join a token to something before it, and to the start of
  // a character behind it.
  struct EdgeRanks {
    uint32_t joined_on_left = kNoMerge;
    uint32_t joined_on_right = kNoMerge;
  };

  size_t HomeOf(int32_t left, int32_t right) const;
  uint32_t RankOf(int32_t left, int32_t right) const;
  void FindCharacters(std::span<const Merge> merges, int32_t id_limit);
  bool BecomesOneToken(std::string_view character, std::span<const EdgeRanks> edges) const;
  int32_t NextToken(std::string_view piece, size_t* at) const;
  void EncodeShort(ShortPiece* id, size_t count, std::vector<int32_t>* ids) const;
  void EncodeLong(std::string_view piece, Scratch* scratch, std::vector<int32_t>* ids) const;

  std::array<int32_t, 256> byte_ids_{};
  std::vector<Slot> slots_;             // open addressing; a power of two, at most half full
  int shift_ = 0;                       // 64 - log2(slots_.size())
  std::vector<int32_t> results_;        // by rank
  std::vector<int32_t> character_ids_;  // by code point up to U+FFFF; -1: enters as bytes
};

}  // namespace fathom
