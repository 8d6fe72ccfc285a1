#include "bench/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fathom {
namespace {

double Share(int64_t part, int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(std::max<int64_t>(1, whole));
}

struct KeysPerQuery {
  double read = 0, held = 0;
};

KeysPerQuery KeysOf(const PointResult& result) {
  const WorkCounters& work = result.samples.front().work;
  const int64_t queries = work.sparse_rows + work.dense_rows;
  return {Share(work.latent_rows_read, queries), Share(work.latent_rows_held, queries)};
}

Spread SecondsOf(const PointResult& result) {
  std::vector<double> seconds;
  for (const BenchSample& sample : result.samples) seconds.push_back(sample.seconds);
  return SpreadOf(std::move(seconds));
}

// Three digits that mean something.
std::string SpeedText(double value) {
  return fmt::format("{:.{}f}", value, value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

json::Object SpreadJson(const Spread& spread) {
  return {{"median", spread.median}, {"min", spread.min}, {"max", spread.max}};
}

json::Object PointJson(const BenchPoint& point) {
  return {{"test", std::string(Name(point.phase))},
          {"tokens", point.tokens},
          {"depth", point.depth},
          {"threads", point.threads},
          {"batch", point.batch}};
}

json::Value ResultJson(const PointResult& result) {
  json::Object object = PointJson(result.point);
  object.Set("tokens_per_second", SpreadJson(SpeedOf(result)));
  if (result.point.phase == Phase::kPrompt) {
    object.Set("first_token_seconds", SpreadJson(SecondsOf(result)));
  }
  const KeysPerQuery keys = KeysOf(result);
  object.Set("keys_read", keys.read);
  object.Set("keys_present", keys.held);
  json::Array seconds, processor_seconds;
  for (const BenchSample& sample : result.samples) {
    seconds.emplace_back(sample.seconds);
    processor_seconds.emplace_back(sample.processor_seconds);
  }
  object.Set("sample_seconds", std::move(seconds));
  object.Set("sample_processor_seconds", std::move(processor_seconds));
  return object;
}

json::Value LimitsJson(const MachineLimits& limits) {
  json::Object object = {{"read_gb_per_second", limits.read_bytes * 1e-9},
                         {"f32_gflop_per_second", limits.flops * 1e-9}};
  if (limits.bf16_flops > 0) object.Set("bf16_gflop_per_second", limits.bf16_flops * 1e-9);
  return object;
}

json::Value ProfileJson(const Profile& profile, const ProfileLimits& limits) {
  json::Object object = PointJson(profile.point);
  object.Set("repetitions", profile.repetitions);
  object.Set("seconds", profile.seconds);
  json::Array operations;
  for (const OperationTotals& row : profile.rows) {
    json::Object operation = {{"name", row.name},        {"calls", row.calls},
                              {"seconds", row.seconds},  {"share", row.seconds / profile.seconds},
                              {"bytes", row.cost.bytes}, {"flops", row.cost.flops}};
    const LimitShare limit = NearestLimit(row, limits);
    if (!limit.of.empty()) {
      operation.Set("limit", std::string(limit.of));
      operation.Set("share_of_limit", limit.share);
    }
    operations.emplace_back(std::move(operation));
  }
  object.Set("operations", std::move(operations));
  return object;
}

json::Object SettingJson(const BenchSetting& setting) {
  return {{"machine", json::Object{{"processor", setting.processor},
                                   {"isa", setting.isa},
                                   {"cores", int64_t{setting.cores}}}},
          {"model", setting.model},
          {"numerics", setting.numerics},
          {"cache_type", setting.cache_type},
          {"prompts", setting.prompts}};
}

}  // namespace

double ProcessorShare(const BenchReport& report) {
  double processor = 0, seconds = 0;
  for (const PointResult& result : report.results) {
    for (const BenchSample& sample : result.samples) {
      processor += sample.processor_seconds;
      seconds += sample.seconds;
    }
  }
  return seconds > 0 ? processor / seconds : 1;
}

Spread SpeedOf(const PointResult& result) {
  std::vector<double> speeds;
  for (const BenchSample& sample : result.samples) {
    const int64_t tokens = result.point.batch * result.point.tokens;
    speeds.push_back(static_cast<double>(tokens) / sample.seconds);
  }
  return SpreadOf(std::move(speeds));
}

std::string SettingText(const BenchSetting& setting) {
  return fmt::format("{} on {}, {} core{}, {}; numerics {}, cache {}; prompts: {}\n", setting.model,
                     setting.processor, setting.cores, setting.cores == 1 ? "" : "s", setting.isa,
                     setting.numerics, setting.cache_type, setting.prompts);
}

std::string HeadText(const BenchReport& report) {
  return SettingText(report.setting) +
         fmt::format("medians of {}, each test warmed up once; a depth is filled once\n\n",
                     report.repetitions) +
         fmt::format("{:>7}  {:<10}{:>7}{:>8}{:>8}{:>10}{:>20}{:>13}{:>20}\n", "threads", "test",
                     "batch", "tokens", "depth", "tokens/s", "min … max", "first token",
                     "keys read of held");
}

std::string ResultText(const PointResult& result) {
  const BenchPoint& point = result.point;
  const Spread speed = SpeedOf(result);
  const KeysPerQuery keys = KeysOf(result);
  const std::string first = point.phase == Phase::kPrompt
                                ? fmt::format("{:.3f} s", SecondsOf(result).median)
                                : std::string("–");
  return fmt::format("{:>7}  {:<10}{:>7}{:>8}{:>8}{:>10}{:>20}{:>13}{:>20}\n", point.threads,
                     Name(point.phase), point.batch, point.tokens, point.depth,
                     SpeedText(speed.median), SpeedText(speed.min) + " … " + SpeedText(speed.max),
                     first, fmt::format("{:.0f} of {:.0f}", keys.read, keys.held));
}

std::string FootText(const BenchReport& report) {
  std::string text;
  for (const Profile& profile : report.profiles) {
    const BenchPoint& point = profile.point;
    text += fmt::format("\nprofile of {}: {} tokens at depth {}, {} thread{}, {} times\n\n",
                        Name(point.phase), point.tokens, point.depth, point.threads,
                        point.threads == 1 ? "" : "s", profile.repetitions);
    text += ProfileText(profile, *report.limits);
  }
  if (!report.profiles.empty()) {
    const auto threads = static_cast<int>(report.profiles.front().point.threads);
    text += "\n" + LimitsText(*report.limits, threads) + "\n";
  }
  if (const double share = ProcessorShare(report); share < kQuietShare) {
    text += fmt::format(
        "\nbusy machine: the measuring thread had a processor for {:.0f} % of the time, so all of "
        "this is too slow\n",
        100 * share);
  }
  if (report.interrupted) text += "\ninterrupted: this is what was measured before\n";
  return text;
}

json::Value ReportJson(const BenchReport& report) {
  json::Object root = SettingJson(report.setting);
  root.Set("seed", int64_t{PromptSource::kSeed});
  root.Set("repetitions", report.repetitions);
  root.Set("interrupted", report.interrupted);
  root.Set("processor_share", ProcessorShare(report));
  json::Array results, profiles;
  for (const PointResult& result : report.results) results.push_back(ResultJson(result));
  root.Set("results", std::move(results));
  if (report.limits) {
    root.Set("limits", json::Object{{"one_thread", LimitsJson(report.limits->core)},
                                    {"all_threads", LimitsJson(report.limits->machine)}});
  }
  for (const Profile& profile : report.profiles) {
    profiles.push_back(ProfileJson(profile, *report.limits));
  }
  if (!report.profiles.empty()) root.Set("profiles", std::move(profiles));
  return root;
}

std::string MtpText(const MtpAcceptance& found) {
  if (found.positions == 0) return "interrupted before anything was counted\n";
  std::string text = fmt::format(
      "MTP guesses that are the main model's own choice: {:.1f} % ({} of {} positions in {} "
      "window{})\n",
      100 * Share(found.accepted, found.positions), found.accepted, found.positions, found.windows,
      found.windows == 1 ? "" : "s");
  text += fmt::format(
      "where the text goes as the main model would:      {:.1f} % ({} of {} positions)\n",
      100 * Share(found.own_accepted, found.own_positions), found.own_accepted,
      found.own_positions);
  if (found.interrupted) text += "interrupted: this is what was counted before\n";
  return text;
}

json::Value MtpJson(const BenchSetting& setting, const MtpAcceptance& found) {
  json::Object root = SettingJson(setting);
  root.Set("interrupted", found.interrupted);
  root.Set("windows", found.windows);
  root.Set("positions", found.positions);
  root.Set("accepted", found.accepted);
  root.Set("acceptance", Share(found.accepted, found.positions));
  root.Set("own_positions", found.own_positions);
  root.Set("own_accepted", found.own_accepted);
  root.Set("own_acceptance", Share(found.own_accepted, found.own_positions));
  return root;
}

}  // namespace fathom
