// What a benchmark found, as a table and as JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/mtp_acceptance.h"
#include "bench/profile.h"
#include "bench/speed_run.h"
#include "bench/spread.h"
#include "json/value.h"

namespace fathom {

// What was measured on what; the same for every figure of a report.
struct BenchSetting {
  std::string processor, isa;
  int cores = 0;  // that the process may use
  std::string model;
  std::string numerics, cache_type;
  std::string prompts;  // "random tokens, seed 1", "the tokens of book.txt"
};

struct PointResult {
  BenchPoint point;
  std::vector<BenchSample> samples;  // at least one
};

struct BenchReport {
  BenchSetting setting;
  int64_t repetitions = 0;  // asked for
  std::vector<PointResult> results;
  std::optional<ProfileLimits> limits;  // with profiles
  std::vector<Profile> profiles;
  bool interrupted = false;
};

// Of the measured time, how long the measuring thread had a processor: near 1 on a quiet machine.
double ProcessorShare(const BenchReport& report);
inline constexpr double kQuietShare = 0.9;

// Tokens per second.
Spread SpeedOf(const PointResult& result);

// The table in the order in which it is printed: what is measured, a line for each result as it
// comes, and what is known at the end.
std::string SettingText(const BenchSetting& setting);
std::string HeadText(const BenchReport& report);
std::string ResultText(const PointResult& result);
std::string FootText(const BenchReport& report);
json::Value ReportJson(const BenchReport& report);

std::string MtpText(const MtpAcceptance& found);
json::Value MtpJson(const BenchSetting& setting, const MtpAcceptance& found);

}  // namespace fathom
