#include "true_size/checks.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <set>

namespace fathom::true_size {
namespace {

double RootMeanSquare(const float* x, int64_t n) {
  double squares = 0;
  for (int64_t i = 0; i < n; ++i) squares += double{x[i]} * x[i];
  return std::sqrt(squares / static_cast<double>(std::max<int64_t>(1, n)));
}

// Largest |a - b| relative to the size of b; a NaN counts as infinite.
template <typename T>
double Difference(const T* a, const float* b, int64_t n) {
  double most = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) - b[i]);
    if (std::isnan(difference)) return std::numeric_limits<double>::infinity();
    most = std::max(most, difference);
  }
  return most / std::max(1.0, RootMeanSquare(b, n));
}

Finding WithinRounding(std::string what, double difference) {
  return {difference <= kRounding, std::move(what),
          fmt::format("largest difference {:.2g}, at most {:.2g}", difference, kRounding)};
}

// The first place where two maps of arrays differ in a bit, or nothing.
template <typename T>
Finding SameBits(const char* what, const std::map<int64_t, std::vector<T>>& a,
                 const std::map<int64_t, std::vector<T>>& b, const char* key) {
  int64_t values = 0;
  for (const auto& [index, left] : a) {
    const auto found = b.find(index);
    if (found == b.end() || found->second.size() != left.size()) {
      return {false, what, fmt::format("{} {} is not in both runs", key, index)};
    }
    const std::vector<T>& right = found->second;
    for (size_t i = 0; i < left.size(); ++i) {
      if (std::memcmp(&left[i], &right[i], sizeof(T)) == 0) continue;
      return {false, what,
              fmt::format("{} {}, element {}: {} and {}", key, index, i, left[i], right[i])};
    }
    values += static_cast<int64_t>(left.size());
  }
  const bool same_keys = a.size() == b.size() && values > 0;
  return {same_keys, what,
          same_keys ? fmt::format("{} values equal", values) : "the runs kept different ones"};
}

std::vector<int32_t> RowOf(const std::vector<int32_t>& all, int64_t row, int64_t width) {
  const auto begin = all.begin() + row * width;
  return {begin, std::find(begin, begin + width, -1)};
}

// Rows below `end` whose experts differ in any layer before hidden state `index`.
std::set<int64_t> RowsOfOtherExperts(const KeptRun& a, const KeptRun& b, int64_t index,
                                     int64_t end) {
  std::set<int64_t> rows;
  for (const auto& [layer, experts] : a.experts) {
    if (layer >= index) continue;
    for (int64_t row = 0; row < end; ++row) {
      // In whatever order: it follows the scores' last bits, and the sum's last bits follow it.
      const auto chosen = [&](const std::vector<int32_t>& all) {
        const std::vector<int32_t> list = RowOf(all, row, a.per_token);
        return std::set<int32_t>(list.begin(), list.end());
      };
      if (chosen(experts) != chosen(b.experts.at(layer))) rows.insert(row);
    }
  }
  return rows;
}

Findings CheckLogits(const KeptRun& run, const Checkpoint& checkpoint,
                     const std::vector<int64_t>& positions,
                     const std::vector<std::vector<double>>& normed, ThreadPool& pool) {
  const auto logits = DoubleLogits(checkpoint, normed, pool);
  Findings findings;
  for (size_t i = 0; i < positions.size(); ++i) {
    const std::vector<float>& got = run.logits.at(positions[i]);
    findings.push_back(
        WithinRounding(fmt::format("position {}: logits", positions[i]),
                       Difference(logits[i].data(), got.data(), static_cast<int64_t>(got.size()))));
  }
  return findings;
}

}  // namespace

Findings CompareBits(const KeptRun& a, const KeptRun& b) {
  Findings findings;
  if (!a.hidden.empty()) {
    findings.push_back(SameBits("hidden states", a.hidden, b.hidden, "index"));
    findings.push_back(SameBits("selected positions", a.selected, b.selected, "layer"));
    findings.push_back(SameBits("experts", a.experts, b.experts, "layer"));
  }
  findings.push_back(SameBits("logits", a.logits, b.logits, "position"));
  if (!a.generated.empty()) {
    findings.push_back({a.generated == b.generated, "generated tokens",
                        fmt::format("{} tokens", a.generated.size())});
  }
  return findings;
}

Findings CompareWithinRounding(const KeptRun& a, const KeptRun& b, int64_t end) {
  Findings findings;
  std::set<int64_t> others;
  for (const auto& [index, left] : a.hidden) {
    others = RowsOfOtherExperts(a, b, index, end);
    double most = 0;
    for (int64_t row = 0; row < end; ++row) {
      if (others.contains(row)) continue;
      most = std::max(most,
                      Difference(a.HiddenRow(index, row), b.HiddenRow(index, row), a.hidden_size));
    }
    findings.push_back(WithinRounding(fmt::format("hidden states {}", index), most));
  }
  const auto many = static_cast<int64_t>(others.size());
  findings.push_back({many * 100 <= end, "positions with other experts",
                      fmt::format("{} of {}, at most one in a hundred", many, end)});
  return findings;
}

std::vector<int64_t> LayerPositions(int64_t tokens, int64_t topk) {
  return {topk / 16, topk, (topk + tokens) / 2, tokens - 1};
}

Finding CheckChoice(std::string what, const std::vector<int32_t>& chosen,
                    const std::vector<double>& scores, int64_t count, double tolerance) {
  const auto candidates = static_cast<int64_t>(scores.size());
  count = std::min(count, candidates);
  std::vector<double> sorted = scores;
  std::nth_element(sorted.begin(), sorted.begin() + (count - 1), sorted.end(), std::greater<>());
  const double least = sorted[static_cast<size_t>(count - 1)];
  const std::set<int32_t> distinct(chosen.begin(), chosen.end());
  const bool whole =
      static_cast<int64_t>(chosen.size()) == count && distinct.size() == chosen.size();
  if (!whole || *distinct.begin() < 0 || *distinct.rbegin() >= candidates) {
    return {false, std::move(what),
            fmt::format("{} chosen, {} of them different; expected {} of {}", chosen.size(),
                        distinct.size(), count, candidates)};
  }
  // As many chosen as are due, so for every one below the least there is one above it left out.
  int64_t below = 0;
  double farthest = 0;
  for (const int32_t i : distinct) {
    const double short_of = least - scores[static_cast<size_t>(i)];
    below += short_of > 0;
    farthest = std::max(farthest, short_of);
  }
  std::string figure = fmt::format("the best {} of {}", count, candidates);
  if (below > 0) {
    figure = fmt::format("{} of {} are not among the best, up to {:.2g} short of them", below,
                         count, farthest);
  }
  return {farthest <= tolerance, std::move(what), std::move(figure)};
}

Findings CheckLayer(const KeptRun& run, const Checkpoint& checkpoint, int64_t layer,
                    ThreadPool& pool) {
  const ModelConfig& config = checkpoint.config;
  const std::vector<int64_t> positions = LayerPositions(run.tokens, run.topk);
  std::vector<Chosen> chosen;
  for (const int64_t p : positions) {
    chosen.push_back({p, RowOf(run.selected.at(layer), p, run.topk), {}});
    if (!config.IsMoeLayer(layer)) continue;
    chosen.back().experts = RowOf(run.experts.at(layer), p, run.per_token);
  }
  const auto rows = DoubleLayer(checkpoint, layer, run.hidden.at(layer), chosen, pool);

  Findings findings;
  std::vector<std::vector<double>> normed;
  const bool last = layer + 1 == config.num_hidden_layers;
  for (size_t i = 0; i < positions.size(); ++i) {
    const std::string place = fmt::format("layer {}, position {}: ", layer, positions[i]);
    const std::vector<double>& keys = rows[i].index_scores;
    const std::vector<float> scores(keys.begin(), keys.end());
    const double size = RootMeanSquare(scores.data(), static_cast<int64_t>(scores.size()));
    findings.push_back(
        CheckChoice(place + "selected keys", chosen[i].keys, keys, run.topk, kRounding * size));
    if (config.IsMoeLayer(layer)) {
      findings.push_back(CheckChoice(place + "experts", chosen[i].experts, rows[i].expert_scores,
                                     run.per_token, kRounding));
    }
    const std::vector<double> hidden =
        last ? DoubleFinalNorm(checkpoint, rows[i].hidden, pool) : rows[i].hidden;
    findings.push_back(WithinRounding(
        place + "hidden states",
        Difference(hidden.data(), run.HiddenRow(layer + 1, positions[i]), run.hidden_size)));
    normed.push_back(hidden);
  }
  if (!last) return findings;
  for (Finding& finding : CheckLogits(run, checkpoint, positions, normed, pool)) {
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace fathom::true_size
