#include "tokenizer/bpe.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>

namespace fathom {
namespace {

// What a scratch may keep between calls: 1 MiB of nodes.
constexpr size_t kKeptNodes = size_t{1} << 16;

}  // namespace

void Bpe::Scratch::Trim() {
  if (nodes_.capacity() > kKeptNodes) nodes_ = {};
  if (heap_.capacity() > kKeptNodes) heap_ = {};
}

size_t Bpe::HomeOf(int32_t left, int32_t right) const {
  const uint64_t pair = static_cast<uint64_t>(left) << 32 | static_cast<uint32_t>(right);
  return static_cast<size_t>((pair ^ pair >> 29) * 0x9E3779B97F4A7C15u >> shift_);
}

Result<Bpe> Bpe::Make(const std::array<int32_t, 256>& byte_ids, std::span<const Merge> merges,
                      int32_t id_limit) {
  Bpe bpe;
  bpe.byte_ids_ = byte_ids;
  bpe.slots_.resize(std::bit_ceil(std::max<size_t>(2, merges.size() * 2)));
  bpe.shift_ = 64 - std::countr_zero(bpe.slots_.size());
  bpe.results_.reserve(merges.size());
  const size_t mask = bpe.slots_.size() - 1;
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const Merge& merge = merges[rank];
    size_t slot = bpe.HomeOf(merge.left, merge.right);
    for (; bpe.slots_[slot].left >= 0; slot = (slot + 1) & mask) {
      const Slot& taken = bpe.slots_[slot];
      if (taken.left == merge.left && taken.right == merge.right) {
        return InvalidArgument("merges[{}] repeats merges[{}]", rank, taken.rank);
      }
    }
    bpe.slots_[slot] = {merge.left, merge.right, static_cast<uint32_t>(rank)};
    bpe.results_.push_back(merge.result);
  }
  bpe.FindCharacters(merges, id_limit);
  return bpe;
}

uint32_t Bpe::RankOf(int32_t left, int32_t right) const {
  const size_t mask = slots_.size() - 1;
  for (size_t i = HomeOf(left, right);; i = (i + 1) & mask) {
    const Slot& slot = slots_[i];
    if ((slot.left == left && slot.right == right) || slot.left < 0) return slot.rank;
  }
}

// The token that the piece starts with at `at`, which moves behind it: that of a character if it
// has one, else that of a byte.
int32_t Bpe::NextToken(std::string_view piece, size_t* at) const {
  const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(piece[i])); };
  const size_t lead = byte(*at);
  if (lead >= 0xC0 && lead < 0xF0) {
    const size_t length = lead < 0xE0 ? 2 : 3;
    FATHOM_DCHECK(*at + length <= piece.size(), "a character of {} bytes at {}", length, *at);
    size_t code_point = lead & (lead < 0xE0 ? 0x1F : 0x0F);
    for (size_t i = 1; i < length; ++i) code_point = code_point << 6 | (byte(*at + i) & 0x3F);
    if (const int32_t id = character_ids_[code_point]; id >= 0) {
      *at += length;
      return id;
    }
  }
  ++*at;
  return byte_ids_[lead];
}

void Bpe::Encode(std::string_view piece, Scratch* scratch, std::vector<int32_t>* ids) const {
  ShortPiece id;
  size_t count = 0, at = 0;
  while (at < piece.size() && count < id.size()) id[count++] = NextToken(piece, &at);
  if (at == piece.size()) {
    EncodeShort(&id, count, ids);
  } else {
    EncodeLong(piece, scratch, ids);
  }
}

void Bpe::EncodeShort(ShortPiece* tokens, size_t count, std::vector<int32_t>* ids) const {
  ShortPiece& id = *tokens;
  std::array<uint32_t, kShortPiece> rank;  // of the merge with the next token
  for (size_t i = 0; i + 1 < count; ++i) rank[i] = RankOf(id[i], id[i + 1]);
  while (count > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < count; ++i) best = rank[i] < rank[best] ? i : best;
    if (rank[best] == kNoMerge) break;
    id[best] = results_[rank[best]];
    --count;
    for (size_t i = best + 1; i < count; ++i) id[i] = id[i + 1];
    for (size_t i = best + 1; i + 1 < count; ++i) rank[i] = rank[i + 1];
    if (best > 0) rank[best - 1] = RankOf(id[best - 1], id[best]);
    if (best + 1 < count) rank[best] = RankOf(id[best], id[best + 1]);
  }
  ids->insert(ids->end(), id.begin(), id.begin() + static_cast<std::ptrdiff_t>(count));
}

void Bpe::EncodeLong(std::string_view piece, Scratch* scratch, std::vector<int32_t>* ids) const {
  FATHOM_CHECK(piece.size() < std::numeric_limits<uint32_t>::max(), "{} bytes", piece.size());
  auto& nodes = scratch->nodes_;
  auto& heap = scratch->heap_;
  nodes.clear();
  heap.clear();
  for (size_t at = 0; at < piece.size();) {
    const auto i = static_cast<uint32_t>(nodes.size());
    nodes.push_back({NextToken(piece, &at), kNoMerge, i - 1, i + 1});
  }
  const auto count = static_cast<uint32_t>(nodes.size());
  for (uint32_t i = 0; i + 1 < count; ++i) {
    nodes[i].rank = RankOf(nodes[i].id, nodes[i + 1].id);
    if (nodes[i].rank != kNoMerge) heap.push_back(uint64_t{nodes[i].rank} << 32 | i);
  }
  std::make_heap(heap.begin(), heap.end(), std::greater<>());

  // A changed neighbour leaves its old entry in the heap; the entry is void once the node's rank
  // differs, since a rank belongs to one pair of tokens alone.
  const auto set_rank = [&](uint32_t i, uint32_t rank) {
    nodes[i].rank = rank;
    if (rank == kNoMerge) return;
    heap.push_back(uint64_t{rank} << 32 | i);
    std::push_heap(heap.begin(), heap.end(), std::greater<>());
  };
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    const auto rank = static_cast<uint32_t>(heap.back() >> 32);
    const auto i = static_cast<uint32_t>(heap.back());
    heap.pop_back();
    Scratch::Node& node = nodes[i];
    if (node.rank != rank) continue;
    Scratch::Node& gone = nodes[node.next];
    gone.rank = kNoMerge;
    node.id = results_[rank];
    node.next = gone.next;
    if (node.next < count) nodes[node.next].previous = i;
    set_rank(i, node.next < count ? RankOf(node.id, nodes[node.next].id) : kNoMerge);
    if (i > 0) set_rank(node.previous, RankOf(nodes[node.previous].id, node.id));
  }
  for (uint32_t i = 0; i < count; i = nodes[i].next) ids->push_back(nodes[i].id);
}

}  // namespace fathom
