#include "true_size/kept_run.h"

#include <algorithm>
#include <cmath>
#include <ctime>

#include "base/clock.h"
#include "base/random.h"
#include "kv/page_table.h"
#include "model/batch.h"
#include "model/transformer.h"

namespace fathom::true_size {
namespace {

// Copies the rows of a step, whose first has position `first`, into the run.
class Keeper : public StepObserver {
 public:
  Keeper(KeptRun* run, int64_t first, int64_t count) : run_(run), first_(first), count_(count) {}

  void OnHidden(int64_t index, const BufferView& hidden) override {
    std::vector<float>& all = Sized(&run_->hidden[index], run_->hidden_size, 0.0F);
    for (int64_t i = 0; i < count_; ++i) {
      std::copy_n(hidden.row<float>(i), hidden.cols, all.begin() + (first_ + i) * hidden.cols);
    }
  }
  void OnSelected(int64_t layer, const int32_t* selected, const int32_t* counts,
                  int64_t topk) override {
    std::vector<int32_t>& all = Sized(&run_->selected[layer], topk, -1);
    for (int64_t i = 0; i < count_; ++i) {
      std::copy_n(selected + i * topk, counts[i], all.begin() + (first_ + i) * topk);
    }
  }
  void OnExperts(int64_t layer, const int32_t* experts, int64_t per_token) override {
    std::vector<int32_t>& all = Sized(&run_->experts[layer], per_token, -1);
    std::copy_n(experts, count_ * per_token, all.begin() + first_ * per_token);
  }

 private:
  template <typename T>
  std::vector<T>& Sized(std::vector<T>* rows, int64_t width, T filler) const {
    rows->resize(static_cast<size_t>(run_->tokens * width), filler);
    return *rows;
  }

  KeptRun* run_;
  const int64_t first_, count_;
};

double CpuSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

class Runner {
 public:
  Runner(LoadedModel& model, const std::vector<int32_t>& prompt, const RunOptions& options)
      : model_(*model.transformer),
        backend_(*model.backend),
        cache_(*model.cache),
        prompt_(prompt),
        options_(options),
        pages_(cache_.pool()) {
    const ModelConfig& config = model_.config();
    run_.tokens = static_cast<int64_t>(prompt.size());
    run_.hidden_size = config.hidden_size;
    run_.topk = config.index_topk;
    run_.per_token = config.num_experts_per_tok;
    options_.logits_of.push_back(run_.tokens - 1);
  }

  Result<KeptRun> Run() {
    FATHOM_RETURN_IF_ERROR(pages_.Reserve(run_.tokens + options_.generate));
    backend_.ResetCounters();
    Stopwatch watch;
    const double before = CpuSeconds();
    for (int64_t begin = 0; begin < run_.tokens; begin += options_.chunk) {
      FATHOM_RETURN_IF_ERROR(Step(prompt_, begin, std::min(run_.tokens, begin + options_.chunk)));
    }
    run_.prompt_seconds = watch.seconds();
    const double between = CpuSeconds();
    run_.prompt_cpu_seconds = between - before;
    watch.Restart();
    for (int64_t i = 0; i < options_.generate; ++i) {
      const int64_t position = run_.tokens + i;
      const std::vector<float>& last = run_.logits.at(position - 1);
      const auto best = std::max_element(last.begin(), last.end()) - last.begin();
      run_.generated.push_back(static_cast<int32_t>(best));
      FATHOM_RETURN_IF_ERROR(Forward({&run_.generated.back(), 1}, position, {position}, nullptr));
    }
    run_.generate_seconds = watch.seconds();
    run_.generate_cpu_seconds = CpuSeconds() - between;
    run_.work = backend_.counters();
    return std::move(run_);
  }

 private:
  Status Step(std::span<const int32_t> prompt, int64_t begin, int64_t end) {
    std::vector<int64_t> wanted;
    for (const int64_t position : options_.logits_of) {
      const bool again = !wanted.empty() && wanted.back() == position;
      if (position >= begin && position < end && !again) wanted.push_back(position);
    }
    Keeper keeper(&run_, begin, end - begin);
    return Forward(prompt.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin)),
                   begin, wanted, options_.keep ? &keeper : nullptr);
  }

  Status Forward(std::span<const int32_t> tokens, int64_t first, const std::vector<int64_t>& wanted,
                 StepObserver* observer) {
    std::vector<int32_t> rows;
    for (const int64_t position : wanted) rows.push_back(static_cast<int32_t>(position - first));
    batch_.Clear();
    batch_.Add(tokens, static_cast<int32_t>(first), pages_.ids(), rows,
               static_cast<int32_t>(run_.tokens));
    model_.Forward(batch_, cache_, observer);
    const BufferView logits = model_.logits();
    for (int64_t i = 0; i < logits.rows; ++i) {
      const float* row = logits.row<float>(i);
      const int64_t position = wanted[static_cast<size_t>(i)];
      if (!std::all_of(row, row + logits.cols, [](float v) { return std::isfinite(v); })) {
        return DataLoss("position {}: a logit is not a number", position);
      }
      run_.logits[position].assign(row, row + logits.cols);
    }
    return {};
  }

  Transformer& model_;
  Backend& backend_;
  KvCache& cache_;
  const std::vector<int32_t>& prompt_;
  RunOptions options_;
  PageTable pages_;
  Batch batch_;
  KeptRun run_;
};

}  // namespace

std::vector<int32_t> RandomPrompt(int64_t tokens, int64_t vocab) {
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < tokens; ++i) {
    const double place = RandomUniform(/*seed=*/1, /*stream=*/0, static_cast<uint64_t>(i));
    ids.push_back(static_cast<int32_t>(place * static_cast<double>(vocab)));
  }
  return ids;
}

Result<KeptRun> RunAndKeep(LoadedModel& model, const std::vector<int32_t>& prompt,
                           const RunOptions& options) {
  return Runner(model, prompt, options).Run();
}

}  // namespace fathom::true_size
