// id ↔ bytes of every token.
//
// Two kinds: ordinary tokens, which text is made of, and added tokens (<｜User｜>, <think>), which
// only text that is allowed to can become. Every token has bytes of its own, so look-up by bytes is
// unambiguous, and what an id stands for is what its file says, never a number in our source.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace fathom {

enum class TokenKind : uint8_t {
  kNone,      // no token has this id
  kOrdinary,  // a single byte, or made by a merge
  kAdded,     // found as a whole in raw text; part of what a reader sees, as <think>
  kSpecial,   // an added token marked special: not part of what a reader sees
};

class Vocabulary {
 public:
  // Ids are below this: tables are indexed by id, and a damaged file must not make them huge.
  static constexpr int32_t kIdLimit = 1 << 20;
  static constexpr size_t kMaxTokenBytes = 4096;

  // Room for `count` tokens; a hint.
  void Reserve(size_t count);

  // Refuses an id that is taken or out of range, and bytes that are empty, too long or taken.
  Status Add(int64_t id, std::string_view bytes, TokenKind kind);
  // Turns a token into an added one.
  void SetKind(int32_t id, TokenKind kind) { entries_[static_cast<size_t>(id)].kind = kind; }

  // One more than the largest id. Ids below it may have no token; see Has.
  int32_t id_limit() const { return static_cast<int32_t>(entries_.size()); }
  // Number of tokens.
  int32_t size() const { return size_; }

  // kNone for any number that is no token.
  TokenKind Kind(int32_t id) const {
    return id >= 0 && id < id_limit() ? entries_[static_cast<size_t>(id)].kind : TokenKind::kNone;
  }
  bool Has(int32_t id) const { return Kind(id) != TokenKind::kNone; }
  bool IsAdded(int32_t id) const { return Kind(id) >= TokenKind::kAdded; }
  bool IsSpecial(int32_t id) const { return Kind(id) == TokenKind::kSpecial; }

  // Fails where there is no token: "8192 is no token; the largest is 8191".
  Status Check(int64_t id) const;

  // What the token adds to a text; may be a part of a character. Empty where there is no token.
  // Valid while the vocabulary lives and none is added.
  std::string_view Bytes(int32_t id) const;

  // The token with exactly these bytes.
  std::optional<int32_t> Find(std::string_view bytes) const;

 private:
  struct Entry {
    uint32_t offset = 0;
    uint16_t length = 0;
    TokenKind kind = TokenKind::kNone;
  };

  // 32 bits of the hash stand beside the id, so that a look-up compares bytes once, when it hits.
  struct Slot {
    uint32_t hash = 0;
    int32_t id = -1;  // -1: free
  };

  static uint64_t HashOf(std::string_view bytes);
  // The slot of these bytes, or the free one where they would stand.
  size_t SlotOf(std::string_view bytes, uint64_t hash) const;
  void Rehash(size_t slots);

  std::string bytes_;
  std::vector<Entry> entries_;  // by id
  std::vector<Slot> slots_;     // open addressing; a power of two, at most half full
  int32_t size_ = 0;
};

// Bytes as a message or a table shows them: in quotes, what a terminal would obey escaped, cut
// behind `shown` bytes.
std::string QuoteToken(std::string_view bytes, size_t shown = 48);

}  // namespace fathom
