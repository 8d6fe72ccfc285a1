// What one step of the model computes: some tokens of some sequences, as flat arrays.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "backend/op_params.h"

namespace fathom {

class Batch {
 public:
  void Clear();

  // Appends `tokens` of a sequence, whose first has position `first`. `pages` covers them. The
  // rows listed in `wanted` (offsets into `tokens`, ascending) get logits. Sequences differ.
  // Positions below `prompt_end` belong to the sequence's prompt.
  void Add(std::span<const int32_t> tokens, int32_t first, std::span<const int32_t> pages,
           std::span<const int32_t> wanted, int32_t prompt_end);

  int64_t size() const { return static_cast<int64_t>(tokens_.size()); }  // T
  std::span<const int32_t> tokens() const { return tokens_; }            // [T]
  std::span<const int32_t> positions() const { return positions_; }      // [T]
  std::span<const int32_t> logit_rows() const { return logit_rows_; }    // [R] rows of [T]
  int32_t largest_position() const;
  bool InPrompt(int64_t row) const {
    const auto r = static_cast<size_t>(row);
    return positions_[r] < prompt_ends_[static_cast<size_t>(sequences_[r])];
  }

  // As the operations want it; valid until the batch changes.
  StepRows Rows() const;

 private:
  std::vector<int32_t> tokens_, positions_, sequences_, logit_rows_;
  std::vector<std::span<const int32_t>> pages_;  // one per sequence, until Rows() lays them out
  std::vector<int32_t> prompt_ends_;             // one per sequence
  mutable std::vector<int32_t> page_tables_;     // [S, max_pages]
};

}  // namespace fathom
