// Which characters may enter the merges as one token instead of two or three bytes.
//
// Three conditions make that exact, and each is checked on the merge list at hand:
//
//   1  Every merge stands behind those that make its two sides. Then the merges of a piece happen
//      in order of rank, and one that involves a whole character comes after all that make it.
//   2  The bytes of the character, alone, become one token.
//   3  While they do, nothing outside can join a part of them: for each part at the left edge that
//      is used up by the merge of rank r, no merge below r has that part as its right side;
//      likewise at the right edge, where only merges whose right side begins a character count.
//
// By 3 the character becomes one token in any text as it does alone, and by 1 no merge that uses
// it whole can come earlier; so whether its own merges were carried out at their rank or before all
// others, what follows is the same. A part at the edge is always a whole token between edge and
// split, because a token reaching across would need an earlier merge that 3 has ruled out.
#include <algorithm>

#include "base/utf8.h"
#include "tokenizer/bpe.h"

namespace fathom {
namespace {

bool IsContinuation(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

// The bytes of a token, of which only the first three matter.
struct Start {
  std::array<char, 3> bytes{};
  int size = 0;  // 0: not made yet; 4: more than three

  std::string_view text() const { return {bytes.data(), static_cast<size_t>(std::min(size, 3))}; }
  void Append(std::string_view more) {
    for (const char byte : more) {
      if (size < 3) bytes[static_cast<size_t>(size)] = byte;
      size = std::min(size + 1, 4);
    }
  }
  // One character of two or three bytes and nothing else.
  bool IsCharacter() const {
    if (size != 2 && size != 3) return false;
    const Utf8Char c = DecodeUtf8(text());
    return c.valid && c.length == size;
  }
};

}  // namespace

void Bpe::FindCharacters(std::span<const Merge> merges, int32_t id_limit) {
  character_ids_.assign(0x10000, -1);
  std::vector<Start> starts(static_cast<size_t>(id_limit));
  std::vector<EdgeRanks> edges(static_cast<size_t>(id_limit));
  for (size_t byte = 0; byte < byte_ids_.size(); ++byte) {
    const auto value = static_cast<char>(byte);
    starts[static_cast<size_t>(byte_ids_[byte])].Append({&value, 1});
  }
  for (uint32_t rank = 0; rank < merges.size(); ++rank) {
    const auto left = static_cast<size_t>(merges[rank].left);
    const auto right = static_cast<size_t>(merges[rank].right);
    Start& made = starts[static_cast<size_t>(merges[rank].result)];
    // Condition 1. A token made by two merges has no rank of its own, so that is no better.
    if (starts[left].size == 0 || starts[right].size == 0 || made.size != 0) return;
    made = starts[left];
    made.Append(starts[right].text());
    edges[right].joined_on_left = std::min(edges[right].joined_on_left, rank);
    if (!IsContinuation(starts[right].bytes[0])) {
      edges[left].joined_on_right = std::min(edges[left].joined_on_right, rank);
    }
  }
  for (const Merge& merge : merges) {
    const Start& made = starts[static_cast<size_t>(merge.result)];
    if (made.IsCharacter() && BecomesOneToken(made.text(), edges)) {
      character_ids_[DecodeUtf8(made.text()).code_point] = merge.result;
    }
  }
}

// Conditions 2 and 3, by carrying out the merges of the character alone.
bool Bpe::BecomesOneToken(std::string_view character, std::span<const EdgeRanks> edges) const {
  std::vector<int32_t> parts;
  for (const char byte : character) parts.push_back(byte_ids_[static_cast<uint8_t>(byte)]);
  while (parts.size() > 1) {
    uint32_t rank = kNoMerge;
    size_t best = 0;
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      const uint32_t candidate = RankOf(parts[i], parts[i + 1]);
      if (candidate < rank) rank = candidate, best = i;
    }
    if (rank == kNoMerge) return false;
    const bool uses_left_edge = best == 0, uses_right_edge = best + 2 == parts.size();
    if (uses_left_edge && edges[static_cast<size_t>(parts.front())].joined_on_left < rank) {
      return false;
    }
    if (uses_right_edge && edges[static_cast<size_t>(parts.back())].joined_on_right < rank) {
      return false;
    }
    parts[best] = results_[rank];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
  return true;
}

}  // namespace fathom
