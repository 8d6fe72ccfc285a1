#include "bench/mtp_acceptance.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kv/page_table.h"
#include "model/batch.h"

namespace fathom {
namespace {

// The most likely token of every row of logits, appended.
Status AppendChoices(const BufferView& logits, std::vector<int32_t>* choices) {
  for (int64_t r = 0; r < logits.rows; ++r) {
    const float* row = logits.row<float>(r);
    const float* best = std::max_element(row, row + logits.cols);
    if (!std::isfinite(*best)) return DataLoss("the largest logit of a row is {}", *best);
    choices->push_back(static_cast<int32_t>(best - row));
  }
  return {};
}

class Window {
 public:
  Window(LoadedModel& model, std::vector<int32_t> ids)
      : model_(*model.transformer),
        cache_(*model.cache),
        ids_(std::move(ids)),
        pages_(cache_.pool()) {
    for (int32_t i = 0; i < kMtpStep; ++i) all_rows_.push_back(i);
  }

  Status Run(const std::function<Status()>& stop) {
    const auto size = static_cast<int64_t>(ids_.size());
    FATHOM_RETURN_IF_ERROR(pages_.Reserve(size));
    for (int64_t begin = 0; begin < size; begin += kMtpStep) {
      FATHOM_RETURN_IF_ERROR(stop());
      FATHOM_RETURN_IF_ERROR(RunStep(begin, std::min(size, begin + kMtpStep)));
    }
    return {};
  }

  void Count(MtpAcceptance* found) const {
    for (size_t i = 0; i + 1 < ids_.size(); ++i) {
      const bool accepted = guesses_[i] == choices_[i + 1];
      const bool own = choices_[i] == ids_[i + 1];
      found->positions += 1;
      found->accepted += accepted ? 1 : 0;
      found->own_positions += own ? 1 : 0;
      found->own_accepted += own && accepted ? 1 : 0;
    }
    ++found->windows;
  }

 private:
  // Both layers' rows of positions [begin, end); the window's last has no following token.
  Status RunStep(int64_t begin, int64_t end) {
    const auto rows = static_cast<size_t>(end - begin);
    Batch batch;
    batch.Add({ids_.data() + begin, rows}, static_cast<int32_t>(begin), pages_.ids(),
              {all_rows_.data(), rows}, static_cast<int32_t>(ids_.size()));
    model_.Forward(batch, cache_);
    FATHOM_RETURN_IF_ERROR(AppendChoices(model_.logits(), &choices_));
    const size_t followed = end == static_cast<int64_t>(ids_.size()) ? rows - 1 : rows;
    if (followed == 0) return {};
    batch.Clear();
    batch.Add({ids_.data() + begin + 1, followed}, static_cast<int32_t>(begin), pages_.ids(),
              {all_rows_.data(), followed}, static_cast<int32_t>(ids_.size()));
    model_.ForwardMtp(batch, {all_rows_.data(), followed}, cache_);
    return AppendChoices(model_.logits(), &guesses_);
  }

  Transformer& model_;
  KvCache& cache_;
  const std::vector<int32_t> ids_;
  PageTable pages_;
  std::vector<int32_t> all_rows_;  // 0, 1, 2, …
  std::vector<int32_t> choices_;   // of the main model at i
  std::vector<int32_t> guesses_;   // of the MTP layer at i, for token i + 2
};

}  // namespace

void FitMtpOptions(ModelOptions* options) {
  options->mtp = true;
  options->context = kMtpWindow + 1;
  options->step_tokens = options->logit_rows = kMtpStep;
}

Result<MtpAcceptance> MeasureMtpAcceptance(LoadedModel& model, std::span<const int32_t> text,
                                           int32_t begin, const std::function<Status()>& stop) {
  if (text.size() < 3) return InvalidArgument("a text of {} tokens, at least 3", text.size());
  MtpAcceptance found;
  for (size_t first = 0; first < text.size(); first += kMtpWindow) {
    const auto part = text.subspan(first, std::min<size_t>(kMtpWindow, text.size() - first));
    std::vector<int32_t> ids = {begin};
    ids.insert(ids.end(), part.begin(), part.end());
    Window window(model, std::move(ids));
    const Status status = window.Run(stop);
    found.interrupted = status.code() == Code::kCancelled;
    if (found.interrupted) return found;
    FATHOM_RETURN_IF_ERROR(status);
    window.Count(&found);
  }
  return found;
}

}  // namespace fathom
