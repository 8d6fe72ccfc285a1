// Finds stop strings in text that arrives in pieces.
//
// The stop string that is complete first ends the text; of several that are complete at the same
// byte the longest counts, and of equal ones the first. That is decided byte by byte, so it doesn't
// depend on how the text was cut. Text that may be the beginning of a stop string is held back and
// never more than that; since stop strings are whole characters, what is released of valid UTF-8
// ends between two characters wherever a piece does.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace fathom {

class StopScanner {
 public:
  // Refuses empty stop strings and invalid UTF-8.
  static Result<StopScanner> Create(const std::vector<std::string>& stops);

  // The text that is now known to stand before any stop string. After a hit: nothing, ever.
  // O(bytes · stop strings).
  std::string Add(std::string_view piece);

  // What was held back: the text has ended without a hit. Another may follow; no stop string runs
  // from one into the next.
  std::string Finish();

  // Which stop string was hit, as an index into those given.
  std::optional<size_t> hit() const { return hit_; }

 private:
  // One stop string and how much of it the text ends with (Knuth, Morris, Pratt).
  struct Pattern {
    std::string text;
    std::vector<size_t> shorter;  // [n]: longest proper prefix of text[0, n] that also ends it
    size_t matched = 0;

    explicit Pattern(std::string stop);
    void Advance(char c);
  };

  StopScanner() = default;

  std::vector<Pattern> patterns_;
  std::string held_;
  std::optional<size_t> hit_;
};

}  // namespace fathom
