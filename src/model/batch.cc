#include "model/batch.h"

#include <algorithm>

#include "base/check.h"

namespace fathom {

void Batch::Clear() {
  tokens_.clear();
  positions_.clear();
  sequences_.clear();
  logit_rows_.clear();
  pages_.clear();
  prompt_ends_.clear();
}

void Batch::Add(std::span<const int32_t> tokens, int32_t first, std::span<const int32_t> pages,
                std::span<const int32_t> wanted, int32_t prompt_end) {
  const auto begin = static_cast<int32_t>(tokens_.size());
  const auto sequence = static_cast<int32_t>(pages_.size());
  FATHOM_CHECK(static_cast<int64_t>(pages.size()) * kPageTokens >=
                   first + static_cast<int64_t>(tokens.size()),
               "{} pages for {} tokens from {}", pages.size(), tokens.size(), first);
  for (size_t i = 0; i < tokens.size(); ++i) {
    tokens_.push_back(tokens[i]);
    positions_.push_back(first + static_cast<int32_t>(i));
    sequences_.push_back(sequence);
  }
  for (const int32_t row : wanted) logit_rows_.push_back(begin + row);
  pages_.push_back(pages);
  prompt_ends_.push_back(prompt_end);
}

int32_t Batch::largest_position() const {
  return positions_.empty() ? -1 : *std::max_element(positions_.begin(), positions_.end());
}

StepRows Batch::Rows() const {
  size_t widest = 0;
  for (const auto& pages : pages_) widest = std::max(widest, pages.size());
  page_tables_.assign(pages_.size() * widest, -1);
  for (size_t s = 0; s < pages_.size(); ++s) {
    std::copy(pages_[s].begin(), pages_[s].end(),
              page_tables_.begin() + static_cast<std::ptrdiff_t>(s * widest));
  }
  StepRows rows;
  rows.count = size();
  rows.positions = positions_.data();
  rows.sequences = sequences_.data();
  rows.page_tables = page_tables_.data();
  rows.max_pages = static_cast<int64_t>(widest);
  return rows;
}

}  // namespace fathom
