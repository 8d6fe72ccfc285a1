// Where the time of a run went, operation by operation, beside what the machine can do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "bench/profiling_backend.h"
#include "bench/speed_run.h"
#include "cpu/machine_limits.h"

namespace fathom {

struct Profile {
  BenchPoint point;
  int64_t repetitions = 0;
  double seconds = 0;                 // of all repetitions, by the clock
  std::vector<OperationTotals> rows;  // longest first; the last is "other", what no row explains
  int64_t tokens() const { return point.batch * point.tokens * repetitions; }
};

// `sampling_seconds` of `seconds` went into the sampler, which is no operation of the backend.
Profile MakeProfile(const BenchPoint& point, int64_t repetitions, double seconds,
                    std::vector<OperationTotals> operations, double sampling_seconds);

// Runs the point once to warm up and then `repetitions` times, with the clock and the operations
// counted as SpeedRun::Measure times them. The engine's model runs on `backend`.
Result<Profile> MeasureProfile(SpeedRun& run, ProfilingBackend& backend, const Engine& engine,
                               const BenchPoint& point, int64_t repetitions);

struct ProfileLimits {
  MachineLimits machine;  // with the threads of the profile
  MachineLimits core;     // of one thread
  Numerics numerics = Numerics::kFast;
};

// How near a row comes to the limit that bounds it: the larger of its shares of the read bandwidth
// and of the multiply-add peak.
struct LimitShare {
  double share = 0;
  std::string_view of;  // "memory", "f32 peak", "bf16 peak"; empty where no work was counted
};
LimitShare NearestLimit(const OperationTotals& row, const ProfileLimits& limits);

// Rows below this share of the time are shown together.
inline constexpr double kLeastShare = 0.002;

// A table with a line per operation.
std::string ProfileText(const Profile& profile, const ProfileLimits& limits);
// "limits: one thread 12.1 GB/s read, 80 GFLOP/s in f32; 2 threads …"
std::string LimitsText(const ProfileLimits& limits, int threads);

}  // namespace fathom
