// Remembers the tokens of pieces seen before: most text is made of few words.
//
// One line a slot and no chains: the newest piece replaces the old one, which is cheap to make
// again. Only pieces of up to 15 bytes and 4 tokens are kept, so that a line holds 32 bytes.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace fathom {

class PieceCache {
 public:
  static constexpr size_t kMaxBytes = 15;
  static constexpr size_t kMaxTokens = 4;

  // The bytes of a piece and their number in two words: comparing keys is comparing pieces.
  struct Key {
    uint64_t low;
    uint64_t high;
  };

  struct Line {
    Key key{0, 0};                          // 0: empty, since a piece has at least one byte
    std::array<int32_t, kMaxTokens> ids{};  // -1 behind the last
  };

  PieceCache() : lines_(kLines) {}

  // `piece` has 1 to kMaxBytes bytes; `readable` is how many may be read from its start.
  static Key KeyOf(std::string_view piece, size_t readable) {
    Key key{0, 0};
    if (readable >= sizeof(Key)) {
      // One load and a mask; copying a number of bytes known only now is a call.
      std::memcpy(&key, piece.data(), sizeof(Key));
      const size_t bits = piece.size() * 8;
      key.low &= bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
      key.high &= bits <= 64 ? 0 : (uint64_t{1} << (bits - 64)) - 1;
    } else {
      std::memcpy(&key, piece.data(), piece.size());
    }
    key.high |= uint64_t{piece.size()} << 56;
    return key;
  }

  // The line where `key` stands, or would stand.
  Line& LineOf(const Key& key) {
    const uint64_t mixed = (key.low ^ std::rotl(key.high, 25)) * 0x9E3779B97F4A7C15u;
    return lines_[mixed >> (64 - kLineBits)];
  }
  static bool Holds(const Line& line, const Key& key) {
    return line.key.low == key.low && line.key.high == key.high;
  }
  // `ids`: 1 to kMaxTokens.
  static void Put(Line* line, const Key& key, std::span<const int32_t> ids) {
    line->key = key;
    line->ids.fill(-1);
    std::copy(ids.begin(), ids.end(), line->ids.begin());
  }

 private:
  static constexpr int kLineBits = 15;
  static constexpr size_t kLines = size_t{1} << kLineBits;  // 1 MiB

  std::vector<Line> lines_;
};

}  // namespace fathom
