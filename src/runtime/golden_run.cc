#include "runtime/golden_run.h"

#include <algorithm>
#include <cmath>

namespace fathom {
namespace {

struct Running {
  CaseRun run;
  PageTable pages;
  int64_t computed = 0;
  std::vector<float> last_logits;  // after the prompt, when a continuation is wanted
};

// Which case and position a row of the batch is.
struct RowOwner {
  Running* running;
  int64_t position;
};

// Copies what lies between into the runs.
class Keeper : public StepObserver {
 public:
  explicit Keeper(const std::vector<RowOwner>& owners) : owners_(owners) {}

  void OnHidden(int64_t index, const BufferView& hidden) override {
    for (size_t row = 0; row < owners_.size(); ++row) {
      const auto [running, position] = owners_[row];
      const auto kept = running->run.hidden.find(index);
      if (kept == running->run.hidden.end()) continue;
      const int64_t at = position - (running->run.golden->size() - kept->second.rows);
      if (at < 0) continue;
      std::copy_n(hidden.row<float>(static_cast<int64_t>(row)), hidden.cols,
                  kept->second.values.begin() + at * hidden.cols);
    }
  }

  void OnSelected(int64_t layer, const int32_t* selected, const int32_t* counts,
                  int64_t topk) override {
    for (size_t row = 0; row < owners_.size(); ++row) {
      const auto [running, position] = owners_[row];
      const auto kept = running->run.topk.find(layer);
      if (kept == running->run.topk.end()) continue;
      GoldenSelection& rows = kept->second;
      const int64_t at = position - (running->run.golden->size() - rows.rows);
      if (at < 0) continue;
      const int64_t count = std::min<int64_t>(counts[row], rows.cols);
      std::copy_n(selected + static_cast<int64_t>(row) * topk, count,
                  rows.values.begin() + at * rows.cols);
    }
  }

 private:
  const std::vector<RowOwner>& owners_;
};

Status CheckFits(const GoldenCase& golden, const Transformer& model) {
  const ModelConfig& config = model.config();
  for (const int32_t id : golden.ids) {
    if (id < 0 || id >= config.vocab_size) {
      return InvalidArgument("ids holds {}, outside the vocabulary of {}", id, config.vocab_size);
    }
  }
  for (const auto* rows : {&golden.logits, &golden.mtp_logits, &golden.decode_logits}) {
    if (*rows && (*rows)->cols != config.vocab_size) {
      return InvalidArgument("logits have {} columns, the vocabulary has {}", (*rows)->cols,
                             config.vocab_size);
    }
  }
  for (const auto& [index, rows] : golden.hidden) {
    if (index > config.num_hidden_layers || rows.cols != config.hidden_size) {
      return InvalidArgument("hidden.{} has {} columns; the model has {} layers of {}", index,
                             rows.cols, config.num_hidden_layers, config.hidden_size);
    }
  }
  for (const auto& [layer, rows] : golden.topk) {
    if (layer >= config.num_hidden_layers) {
      return InvalidArgument("topk.{}: the model has {} layers", layer, config.num_hidden_layers);
    }
  }
  if (golden.mtp_logits && !model.has_mtp()) {
    return InvalidArgument("mtp_logits: the model has no MTP layer");
  }
  return {};
}

GoldenRows Empty(const GoldenRows& like) {
  return {like.rows, like.cols, std::vector<float>(like.values.size())};
}

CaseRun Prepare(const GoldenCase& golden) {
  CaseRun run;
  run.golden = &golden;
  if (golden.logits) run.logits = Empty(*golden.logits);
  if (golden.mtp_logits) run.mtp_logits = Empty(*golden.mtp_logits);
  if (golden.decode_logits) run.decode_logits = Empty(*golden.decode_logits);
  for (const auto& [index, rows] : golden.hidden) run.hidden[index] = Empty(rows);
  for (const auto& [layer, rows] : golden.topk) {
    run.topk[layer] = {rows.rows, rows.cols, std::vector<int32_t>(rows.values.size(), -1)};
  }
  return run;
}

// Where `position`'s row stands in the golden rows, or -1.
int64_t RowOf(const GoldenCase& golden, int64_t position) {
  if (golden.positions.empty()) return position;
  const auto found = std::find(golden.positions.begin(), golden.positions.end(), position);
  return found == golden.positions.end() ? -1 : found - golden.positions.begin();
}

Status CheckRow(const float* row, int64_t n, const GoldenCase& golden, int64_t position) {
  for (int64_t i = 0; i < n; ++i) {
    if (!std::isfinite(row[i])) {
      return DataLoss("{}: the logit of token {} at position {} is {}", golden.name, i, position,
                      row[i]);
    }
  }
  return {};
}

// One group of cases, run together.
class GoldenRunner {
 public:
  GoldenRunner(LoadedModel& model, int64_t chunk)
      : model_(*model.transformer), cache_(*model.cache), chunk_(chunk) {}

  Result<std::vector<CaseRun>> Run(std::span<const GoldenCase> cases) {
    for (const GoldenCase& golden : cases) {
      FATHOM_RETURN_IF_ERROR(CheckFits(golden, model_).At(golden.name));
      running_.push_back({Prepare(golden), PageTable(cache_.pool()), 0, {}});
      const auto tokens = golden.size() + static_cast<int64_t>(golden.greedy.size());
      FATHOM_RETURN_IF_ERROR(running_.back().pages.Reserve(tokens).At(golden.name));
    }
    while (BuildStep()) FATHOM_RETURN_IF_ERROR(RunStep());
    for (Running& running : running_) FATHOM_RETURN_IF_ERROR(Continue(running));
    for (Running& running : running_) FATHOM_RETURN_IF_ERROR(Decode(running));
    std::vector<CaseRun> runs;
    for (Running& running : running_) runs.push_back(std::move(running.run));
    return runs;
  }

 private:
  struct Share {
    Running* running;
    int64_t begin, end;
    int64_t first_row;
  };

  bool BuildStep() {
    batch_.Clear();
    owners_.clear();
    shares_.clear();
    for (Running& running : running_) {
      const GoldenCase& golden = *running.run.golden;
      const int64_t left = golden.size() - running.computed;
      if (left == 0) continue;
      const int64_t begin = running.computed;
      const int64_t end = begin + (chunk_ == 0 ? left : std::min(left, chunk_));
      shares_.push_back({&running, begin, end, batch_.size()});
      const auto count = static_cast<size_t>(end - begin);
      batch_.Add({golden.ids.data() + begin, count}, static_cast<int32_t>(begin),
                 running.pages.ids(), WantedRows(golden, begin, end),
                 static_cast<int32_t>(golden.size()));
      for (int64_t p = begin; p < end; ++p) owners_.push_back({&running, p});
      running.computed = end;
    }
    return !shares_.empty();
  }

  Status RunStep() {
    Keeper keeper(owners_);
    model_.Forward(batch_, cache_, &keeper);
    const BufferView logits = model_.logits();
    for (int64_t i = 0; i < logits.rows; ++i) {
      const auto [running, position] = owners_[static_cast<size_t>(batch_.logit_rows()[i])];
      const GoldenCase& golden = *running->run.golden;
      const float* row = logits.row<float>(i);
      FATHOM_RETURN_IF_ERROR(CheckRow(row, logits.cols, golden, position));
      if (const int64_t at = RowOf(golden, position); golden.logits && at >= 0) {
        std::copy_n(row, logits.cols, running->run.logits.values.begin() + at * logits.cols);
      }
      if (!golden.greedy.empty() && position == golden.size() - 1) {
        running->last_logits.assign(row, row + logits.cols);
      }
    }
    return RunMtp();
  }

  // The MTP layer over the step's rows: position p gets the token after it.
  Status RunMtp() {
    Batch batch;
    std::vector<int32_t> hidden_rows;
    std::vector<RowOwner> owners;
    for (const Share& share : shares_) {
      const GoldenCase& golden = *share.running->run.golden;
      if (!golden.mtp_logits) continue;
      std::vector<int32_t> following, wanted;
      for (int64_t p = share.begin; p < share.end; ++p) {
        if (p + 1 == golden.size() && golden.greedy.empty()) break;
        if (RowOf(golden, p) >= 0) wanted.push_back(static_cast<int32_t>(following.size()));
        following.push_back(p + 1 < golden.size() ? golden.ids[static_cast<size_t>(p + 1)]
                                                  : golden.greedy[0]);
        hidden_rows.push_back(static_cast<int32_t>(share.first_row + p - share.begin));
        owners.push_back({share.running, p});
      }
      if (following.empty()) continue;
      batch.Add(following, static_cast<int32_t>(share.begin), share.running->pages.ids(), wanted,
                static_cast<int32_t>(golden.size()));
    }
    if (batch.size() == 0) return {};
    model_.ForwardMtp(batch, hidden_rows, cache_);
    const BufferView logits = model_.logits();
    for (int64_t i = 0; i < logits.rows; ++i) {
      const auto [running, position] = owners[static_cast<size_t>(batch.logit_rows()[i])];
      const float* row = logits.row<float>(i);
      FATHOM_RETURN_IF_ERROR(CheckRow(row, logits.cols, *running->run.golden, position));
      const int64_t at = RowOf(*running->run.golden, position);
      std::copy_n(row, logits.cols, running->run.mtp_logits.values.begin() + at * logits.cols);
    }
    return {};
  }

  // The greedy continuation, token by token, until it differs from the golden one.
  Status Continue(Running& running) {
    const GoldenCase& golden = *running.run.golden;
    std::vector<float>& logits = running.last_logits;
    for (size_t step = 0; step < golden.greedy.size(); ++step) {
      const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
      const auto token = static_cast<int32_t>(best);
      running.run.greedy.push_back(token);
      if (token != golden.greedy[step] || step + 1 == golden.greedy.size()) break;
      constexpr int32_t kOnlyRow = 0;
      batch_.Clear();
      batch_.Add({&token, 1}, static_cast<int32_t>(running.computed), running.pages.ids(),
                 {&kOnlyRow, 1}, static_cast<int32_t>(golden.size()));
      model_.Forward(batch_, cache_);
      const float* row = model_.logits().row<float>(0);
      FATHOM_RETURN_IF_ERROR(CheckRow(row, model_.logits().cols, golden, running.computed));
      logits.assign(row, row + model_.logits().cols);
      ++running.computed;
    }
    return {};
  }

  // The last tokens once more, one at a time after a prompt of the others.
  Status Decode(Running& running) {
    const GoldenCase& golden = *running.run.golden;
    if (!golden.decode_logits) return {};
    GoldenRows& kept = running.run.decode_logits;
    const int64_t prompt = golden.size() - kept.rows;
    running.pages.Truncate(0);
    FATHOM_RETURN_IF_ERROR(running.pages.Reserve(golden.size()).At(golden.name));
    for (int64_t begin = 0; begin < golden.size();) {
      const int64_t most = begin >= prompt ? 1 : chunk_ == 0 ? prompt : chunk_;
      const int64_t count = begin < prompt ? std::min(most, prompt - begin) : 1;
      constexpr int32_t kOnlyRow = 0;
      batch_.Clear();
      batch_.Add({golden.ids.data() + begin, static_cast<size_t>(count)},
                 static_cast<int32_t>(begin), running.pages.ids(),
                 {&kOnlyRow, begin < prompt ? size_t{0} : size_t{1}}, static_cast<int32_t>(prompt));
      model_.Forward(batch_, cache_);
      if (begin >= prompt) {
        const float* row = model_.logits().row<float>(0);
        FATHOM_RETURN_IF_ERROR(CheckRow(row, kept.cols, golden, begin));
        std::copy_n(row, kept.cols, kept.values.begin() + (begin - prompt) * kept.cols);
      }
      begin += count;
    }
    return {};
  }

  Transformer& model_;
  KvCache& cache_;
  const int64_t chunk_;
  std::vector<Running> running_;
  Batch batch_;
  std::vector<RowOwner> owners_;
  std::vector<Share> shares_;
};

}  // namespace

std::vector<int32_t> WantedRows(const GoldenCase& golden, int64_t begin, int64_t end) {
  std::vector<int32_t> wanted;
  for (int64_t p = begin; p < end; ++p) {
    const bool compared = golden.logits && RowOf(golden, p) >= 0;
    const bool continued = !golden.greedy.empty() && p == golden.size() - 1;
    if (compared || continued) wanted.push_back(static_cast<int32_t>(p - begin));
  }
  return wanted;
}

Result<std::vector<CaseRun>> RunGolden(LoadedModel& model, std::span<const GoldenCase> cases,
                                       int64_t chunk) {
  return GoldenRunner(model, chunk).Run(cases);
}

}  // namespace fathom
