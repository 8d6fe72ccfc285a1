// Finds added tokens in raw text: from the left, and at each place the longest.
//
// A table of first bytes skips over ordinary text; at a byte that begins some token the sorted
// tokens are narrowed one byte at a time. No text costs more than its length times the length of
// the longest token, and that only where it consists of beginnings of tokens.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

class AddedTokens {
 public:
  struct Match {
    size_t begin;
    size_t end;
    int32_t id;
  };

  AddedTokens() = default;
  // `bytes` is not empty and not added yet.
  void Add(std::string_view bytes, int32_t id);

  // The first match in `text` that begins at or behind `from`.
  std::optional<Match> FindNext(std::string_view text, size_t from) const;

 private:
  struct Token {
    std::string bytes;
    int32_t id;
  };

  const Token* LongestAt(std::string_view text) const;

  std::vector<Token> tokens_;  // sorted by bytes
  std::array<bool, 256> begins_{};
};

}  // namespace fathom
