#include "runtime/verify.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "base/clock.h"
#include "runtime/bounds.h"
#include "runtime/golden_run.h"

namespace fathom {
namespace {

// FNV-1a over the bits of what was computed.
class Digest {
 public:
  template <typename T>
  void Add(const std::vector<T>& values) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(values.data());
    for (size_t i = 0; i < values.size() * sizeof(T); ++i) {
      hash_ = (hash_ ^ bytes[i]) * 0x100000001B3;
    }
  }
  uint64_t value() const { return hash_; }

 private:
  uint64_t hash_ = 0xCBF29CE484222325;
};

double RootMeanSquare(const std::vector<float>& values) {
  double sum = 0;
  for (const float v : values) sum += double{v} * v;
  return std::sqrt(sum / static_cast<double>(std::max<size_t>(1, values.size())));
}

void Fail(TensorReport* report, std::string why) {
  if (!report->ok) return;
  report->ok = false;
  report->why = std::move(why);
}

TensorReport CompareValues(std::string name, const GoldenRows& got, const GoldenRows& want,
                           const Bounds& bounds) {
  TensorReport report;
  report.name = std::move(name);
  double most = 0, sum = 0;
  for (size_t i = 0; i < want.values.size(); ++i) {
    const double difference = std::abs(double{got.values[i]} - want.values[i]);
    // A NaN is larger than every bound.
    most = difference <= most ? most : difference;
    sum += difference;
  }
  report.max_abs = most;
  report.mean_abs = sum / static_cast<double>(std::max<size_t>(1, want.values.size()));
  report.scale = bounds.relative ? std::max(1.0, RootMeanSquare(want.values)) : 1.0;
  if (!(most <= bounds.max_abs * *report.scale)) {
    Fail(&report, fmt::format("largest difference above {:.2g}", bounds.max_abs * *report.scale));
  }
  if (!(*report.mean_abs <= bounds.mean_abs * *report.scale)) {
    Fail(&report, fmt::format("mean difference above {:.2g}", bounds.mean_abs * *report.scale));
  }
  return report;
}

// Adds the agreement of the largest element, which logits have beside their differences.
void CompareLargest(const GoldenRows& got, const GoldenRows& want, const Bounds& bounds,
                    TensorReport* report) {
  int64_t agree = 0;
  for (int64_t r = 0; r < want.rows; ++r) {
    const auto a = got.row(r), b = want.row(r);
    const auto best = std::max_element(b.begin(), b.end());
    if (std::max_element(a.begin(), a.end()) - a.begin() == best - b.begin()) {
      ++agree;
      continue;
    }
    float second = -std::numeric_limits<float>::infinity();
    for (auto it = b.begin(); it != b.end(); ++it) {
      if (it != best) second = std::max(second, *it);
    }
    if (*best - second > bounds.clear_margin) {
      Fail(report, fmt::format("row {}: another token is likeliest, against a margin of {:.3f}", r,
                               *best - second));
    }
  }
  report->top1 = static_cast<double>(agree) / static_cast<double>(std::max<int64_t>(1, want.rows));
}

// Kullback-Leibler divergence of softmax(got) from softmax(want), a row.
double Divergence(std::span<const float> got, std::span<const float> want) {
  const auto log_sum = [](std::span<const float> x) {
    const double most = *std::max_element(x.begin(), x.end());
    double sum = 0;
    for (const float v : x) sum += std::exp(v - most);
    return most + std::log(sum);
  };
  const double got_sum = log_sum(got), want_sum = log_sum(want);
  double divergence = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    const double log_p = want[i] - want_sum;
    divergence += std::exp(log_p) * (log_p - (got[i] - got_sum));
  }
  return divergence;
}

double MeanDivergence(const GoldenRows& got, const GoldenRows& want) {
  double sum = 0;
  for (int64_t r = 0; r < want.rows; ++r) sum += Divergence(got.row(r), want.row(r));
  return sum / static_cast<double>(std::max<int64_t>(1, want.rows));
}

TensorReport CompareSelections(std::string name, const GoldenSelection& got,
                               const GoldenSelection& want, const Bounds& bounds) {
  TensorReport report;
  report.name = std::move(name);
  double least = 1;
  for (int64_t r = 0; r < want.rows; ++r) {
    const auto row = [&](const GoldenSelection& rows) {
      const auto begin = rows.values.begin() + r * rows.cols;
      return std::vector<int32_t>(begin, std::find(begin, begin + rows.cols, -1));
    };
    const std::vector<int32_t> a = row(got), b = row(want);
    std::vector<int32_t> both;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
    const auto larger = static_cast<double>(std::max<size_t>(1, std::max(a.size(), b.size())));
    least = std::min(least, static_cast<double>(both.size()) / larger);
  }
  report.overlap = least;
  if (least < bounds.least_overlap) {
    Fail(&report, fmt::format("overlap below {}", bounds.least_overlap));
  }
  return report;
}

TensorReport CompareGreedy(const CaseRun& run, const Bounds& bounds) {
  const GoldenCase& golden = *run.golden;
  TensorReport report;
  report.name = golden.name + ".greedy";
  const auto differs = std::mismatch(run.greedy.begin(), run.greedy.end(), golden.greedy.begin());
  report.equal_tokens = differs.first - run.greedy.begin();
  if (differs.first == run.greedy.end()) return report;
  const auto at = static_cast<size_t>(*report.equal_tokens);
  if (golden.margin.empty()) {
    Fail(&report, fmt::format("token {} differs", at));
    return report;
  }
  report.margin_at_difference = golden.margin[at];
  if (golden.margin[at] > bounds.clear_margin) {
    Fail(&report,
         fmt::format("token {} differs, against a margin of {:.3f}", at, golden.margin[at]));
  }
  return report;
}

// All of one case, in the order of the computation, so that the first bad line is the culprit.
void CompareCase(const CaseRun& run, Numerics numerics, VerifyReport* report, Digest* digest) {
  const GoldenCase& golden = *run.golden;
  const Bounds bounds = golden.official ? OfficialBoundsFor(golden.size(), false)
                                        : BoundsFor(numerics, golden.size());
  const std::string prefix = golden.name + (golden.official ? ".official_" : ".");
  const auto add = [&](TensorReport tensor, const std::string& layer) {
    report->ok &= tensor.ok;
    if (!tensor.ok && !layer.empty() && report->first_bad_layer.empty()) {
      report->first_bad_layer = fmt::format("{}: {} ({})", golden.name, layer, tensor.name);
    }
    report->tensors.push_back(std::move(tensor));
  };
  const int64_t layers =
      std::max<int64_t>(golden.hidden.empty() ? 0 : golden.hidden.rbegin()->first,
                        golden.topk.empty() ? 0 : golden.topk.rbegin()->first + 1);
  for (int64_t i = 0; i <= layers; ++i) {
    if (const auto want = golden.hidden.find(i); want != golden.hidden.end()) {
      const GoldenRows& got = run.hidden.at(i);
      digest->Add(got.values);
      add(CompareValues(fmt::format("{}.hidden.{}", golden.name, i), got, want->second, bounds),
          i == 0 ? "embedding" : fmt::format("layer {}", i - 1));
    }
    if (const auto want = golden.topk.find(i); want != golden.topk.end()) {
      const GoldenSelection& got = run.topk.at(i);
      digest->Add(got.values);
      add(CompareSelections(fmt::format("{}topk.{}", prefix, i), got, want->second, bounds),
          fmt::format("layer {}", i));
    }
  }
  const auto add_logits = [&](const char* name, const GoldenRows& got, const GoldenRows& want,
                              const Bounds& limits) {
    digest->Add(got.values);
    TensorReport tensor = CompareValues(prefix + name, got, want, limits);
    tensor.mean_kl = MeanDivergence(got, want);
    CompareLargest(got, want, limits, &tensor);
    add(std::move(tensor), "");
  };
  if (golden.logits) add_logits("logits", run.logits, *golden.logits, bounds);
  if (golden.decode_logits)
    add_logits("decode_logits", run.decode_logits, *golden.decode_logits,
               OfficialBoundsFor(golden.size(), true));
  if (golden.mtp_logits) add_logits("mtp_logits", run.mtp_logits, *golden.mtp_logits, bounds);
  if (!golden.greedy.empty()) {
    digest->Add(run.greedy);
    add(CompareGreedy(run, bounds), "");
  }
}

// Cases that run together, `batch` at a time.
template <typename F>
void ForGroups(const std::vector<GoldenCase>& cases, int64_t batch, F f) {
  const auto size = static_cast<size_t>(std::max<int64_t>(1, batch));
  for (size_t begin = 0; begin < cases.size(); begin += size) {
    f(std::span(cases).subspan(begin, std::min(size, cases.size() - begin)));
  }
}

}  // namespace

void FitOptions(const std::vector<GoldenCase>& cases, const VerifyOptions& options,
                ModelOptions* model) {
  int64_t longest = 1, step = 1, rows = 1;
  for (const GoldenCase& golden : cases) {
    longest = std::max(longest, golden.size() + static_cast<int64_t>(golden.greedy.size()));
    model->mtp |= golden.mtp_logits.has_value();
  }
  ForGroups(cases, options.batch, [&](std::span<const GoldenCase> group) {
    int64_t tokens = 0, wanted = 0;
    for (const GoldenCase& golden : group) {
      const int64_t chunk = options.chunk == 0 ? golden.size() : options.chunk;
      int64_t most = 0;
      for (int64_t begin = 0; begin < golden.size(); begin += chunk) {
        const int64_t end = std::min(golden.size(), begin + chunk);
        const auto logits = static_cast<int64_t>(WantedRows(golden, begin, end).size());
        // The MTP layer wants its rows of the same chunk.
        most = std::max(most, golden.mtp_logits && golden.positions.empty() ? end - begin : logits);
      }
      tokens += std::min(chunk, golden.size());
      wanted += most;
    }
    step = std::max(step, tokens);
    rows = std::max(rows, wanted);
  });
  model->context = longest;
  model->sequences =
      std::min<int64_t>(std::max<int64_t>(1, options.batch), static_cast<int64_t>(cases.size()));
  model->step_tokens = step;
  model->logit_rows = rows;
}

Result<VerifyReport> Verify(LoadedModel& model, const std::vector<GoldenCase>& cases,
                            const VerifyOptions& options) {
  const Stopwatch watch;
  VerifyReport report;
  Digest digest;
  Status failure;
  ForGroups(cases, options.batch, [&](std::span<const GoldenCase> group) {
    if (!failure.ok()) return;
    const Result<std::vector<CaseRun>> runs = RunGolden(model, group, options.chunk);
    if (!runs.ok()) {
      failure = runs.status();
      return;
    }
    for (const CaseRun& run : *runs) {
      CompareCase(run, model.backend->numerics(), &report, &digest);
      report.tokens += run.golden->size();
    }
  });
  FATHOM_RETURN_IF_ERROR(failure);
  report.digest = digest.value();
  report.seconds = watch.seconds();
  return report;
}

}  // namespace fathom
