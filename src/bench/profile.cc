#include "bench/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fathom {

Profile MakeProfile(const BenchPoint& point, int64_t repetitions, double seconds,
                    std::vector<OperationTotals> operations, double sampling_seconds) {
  Profile profile{point, repetitions, seconds, std::move(operations)};
  // A prompt ends with one token drawn.
  const int64_t drawn = point.phase == Phase::kPrompt ? repetitions : profile.tokens();
  profile.rows.push_back({.name = "sampling", .calls = drawn, .seconds = sampling_seconds});
  std::sort(profile.rows.begin(), profile.rows.end(), [](const auto& a, const auto& b) {
    return a.seconds != b.seconds ? a.seconds > b.seconds : a.name < b.name;
  });
  double explained = 0;
  for (const OperationTotals& row : profile.rows) explained += row.seconds;
  profile.rows.push_back({.name = "other", .seconds = std::max(0.0, seconds - explained)});
  return profile;
}

Result<Profile> MeasureProfile(SpeedRun& run, ProfilingBackend& backend, const Engine& engine,
                               const BenchPoint& point, int64_t repetitions) {
  FATHOM_RETURN_IF_ERROR(run.Measure(point).status());
  double seconds = 0, sampling_seconds = 0;
  backend.SetCounting(false);
  backend.Reset();
  for (int64_t i = 0; i < repetitions; ++i) {
    const auto on_clock = [&](bool starts) {
      backend.SetCounting(starts);
      sampling_seconds += starts ? -engine.sampling_seconds() : engine.sampling_seconds();
    };
    FATHOM_ASSIGN_OR_RETURN(const BenchSample sample, run.Measure(point, on_clock));
    seconds += sample.seconds;
  }
  return MakeProfile(point, repetitions, seconds, backend.Totals(), sampling_seconds);
}

LimitShare NearestLimit(const OperationTotals& row, const ProfileLimits& limits) {
  if (row.seconds <= 0 || (row.cost.bytes <= 0 && row.cost.flops <= 0)) return {};
  const bool bf16 =
      row.rounds && limits.numerics == Numerics::kFast && limits.machine.bf16_flops > 0;
  const double peak = bf16 ? limits.machine.bf16_flops : limits.machine.flops;
  const double compute = row.cost.flops / row.seconds / peak;
  const double memory = row.cost.bytes / row.seconds / limits.machine.read_bytes;
  if (memory >= compute) return {memory, "memory"};
  return {compute, bf16 ? "bf16 peak" : "f32 peak"};
}

std::string ProfileText(const Profile& profile, const ProfileLimits& limits) {
  std::string text =
      fmt::format("{:<36}{:>7}{:>10}{:>12}{:>9}{:>9}{:>10}  {}\n", "operation", "share", "calls",
                  "µs/token", "GB", "GB/s", "GFLOP/s", "nearest limit");
  const auto tokens = static_cast<double>(std::max<int64_t>(1, profile.tokens()));
  const auto line = [&](const OperationTotals& row) {
    const LimitShare limit = NearestLimit(row, limits);
    const auto rate = [&](double amount) {
      return amount > 0 && row.seconds > 0 ? fmt::format("{:.1f}", amount / row.seconds * 1e-9)
                                           : std::string("–");
    };
    text += fmt::format(
        "{:<36}{:>6.1f}%{:>10}{:>11.1f}{:>9}{:>9}{:>10}  {}\n", row.name,
        100 * row.seconds / profile.seconds, row.calls > 0 ? fmt::format("{}", row.calls) : "–",
        row.seconds / tokens * 1e6,
        row.cost.bytes > 0 ? fmt::format("{:.2f}", row.cost.bytes * 1e-9) : "–",
        rate(row.cost.bytes), rate(row.cost.flops),
        limit.of.empty() ? "" : fmt::format("{:.0f}% of {}", 100 * limit.share, limit.of));
  };
  OperationTotals small;
  int64_t kinds = 0;
  for (const OperationTotals& row : profile.rows) {
    const bool last = &row == &profile.rows.back();
    if (!last && row.seconds < kLeastShare * profile.seconds) {
      small.seconds += row.seconds;
      small.calls += row.calls;
      small.cost += row.cost;
      ++kinds;
      continue;
    }
    if (last && kinds > 0) {
      small.name = fmt::format("{} small ones together", kinds);
      line(small);
    }
    line(row);
  }
  return text;
}

std::string LimitsText(const ProfileLimits& limits, int threads) {
  const auto one = [](const MachineLimits& m) {
    std::string text =
        fmt::format("{:.1f} GB/s read, {:.0f} GFLOP/s in f32", m.read_bytes * 1e-9, m.flops * 1e-9);
    if (m.bf16_flops > 0) text += fmt::format(", {:.0f} in bf16", m.bf16_flops * 1e-9);
    return text;
  };
  std::string text = "limits: one thread " + one(limits.core);
  if (threads > 1) text += fmt::format("; {} threads {}", threads, one(limits.machine));
  return text;
}

}  // namespace fathom
