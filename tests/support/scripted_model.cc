#include "support/scripted_model.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"

namespace fathom::test {
namespace {

constexpr int32_t kUnwritten = -2;
// Far enough above 0 that no temperature draws anything else.
constexpr float kChosen = 1000;

}  // namespace

Script HashScript(int32_t first, int32_t count) {
  return [=](std::span<const int32_t> prefix) {
    uint64_t hash = 0xcbf29ce484222325;
    for (const int32_t token : prefix) {
      hash = (hash ^ static_cast<uint32_t>(token)) * 0x100000001b3;
    }
    return first + static_cast<int32_t>((hash >> 32) % static_cast<uint64_t>(count));
  };
}

ScriptedModel::ScriptedModel(const TransformerOptions& options, int64_t vocab_size, int32_t pages,
                             Script script)
    : options_(options),
      vocab_size_(vocab_size),
      script_(std::move(script)),
      cache_(KvCache::WithoutMemory(pages)),
      written_(static_cast<size_t>(pages) * kPageTokens, kUnwritten) {}

void ScriptedModel::Forward(const Batch& batch, KvCache& cache) {
  FATHOM_CHECK(&cache == &cache_, "a scripted model has a cache of its own");
  FATHOM_CHECK(batch.size() >= 1 && batch.size() <= options_.step_tokens, "a step of {} tokens",
               batch.size());
  FATHOM_CHECK(batch.largest_position() < options_.context, "position {} in a context of {}",
               batch.largest_position(), options_.context);
  rows_ = static_cast<int64_t>(batch.logit_rows().size());
  FATHOM_CHECK(rows_ <= options_.logit_rows, "{} rows of logits", rows_);
  if (on_step_) on_step_(batch);

  const StepRows rows = batch.Rows();
  const auto place = [&](int64_t row, int64_t position) -> int32_t& {
    const int32_t page =
        rows.page_tables[rows.sequences[row] * rows.max_pages + position / kPageTokens];
    FATHOM_CHECK(page >= 0, "position {} has no page", position);
    return written_[static_cast<size_t>(page * kPageTokens + position % kPageTokens)];
  };
  for (int64_t row = 0; row < rows.count; ++row) {
    place(row, rows.positions[row]) = batch.tokens()[static_cast<size_t>(row)];
  }
  const auto size = static_cast<size_t>(rows_ * vocab_size_);
  if (write_row_) {
    logits_.resize(size);
  } else {
    logits_.assign(size, 0);
  }
  float* own = logits_.data();
  for (const int32_t row : batch.logit_rows()) {
    prefix_.clear();
    for (int64_t p = 0; p <= rows.positions[row]; ++p) prefix_.push_back(place(row, p));
    if (write_row_) {
      write_row_(prefix_, {own, static_cast<size_t>(vocab_size_)});
      own += vocab_size_;
      continue;
    }
    const int32_t next = script_(prefix_);
    FATHOM_CHECK(next >= kBrokenLogits && next < vocab_size_, "the script says {}", next);
    if (next == kBrokenLogits) {
      *own = std::numeric_limits<float>::quiet_NaN();
    } else {
      own[next] = kChosen;
    }
    own += vocab_size_;
  }
}

BufferView ScriptedModel::logits() const {
  auto* data = const_cast<float*>(logits_.data());
  return {reinterpret_cast<std::byte*>(data), DType::kF32, rows_, vocab_size_, vocab_size_};
}

}  // namespace fathom::test
