// GET /metrics: the server's counters in Prometheus' text form (version 0.0.4).
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "agent/grammar_cache.h"
#include "api/generation_run.h"
#include "api/quotas.h"
#include "api/turn_memory.h"
#include "engine/metrics.h"
#include "http/server.h"

namespace fathom::api {

// What the server counts about its requests and answers. Any thread.
class ServerMetrics {
 public:
  // `route` is one of the server's own patterns, or "other": a client can't make up labels.
  void CountRequest(std::string_view route, int status);
  void CountAnswer(const AnswerRecord& record);

  struct Snapshot {
    std::map<std::pair<std::string, int>, int64_t> requests;  // by route and status
    std::map<std::string, int64_t> answers;                   // by their end
    int64_t reasoning_tokens = 0;
    int64_t ended_by_budget = 0, ended_by_loop = 0;  // reasonings
    double own_seconds = 0;                          // of our own code in answers
  };
  Snapshot Get() const;

 private:
  mutable std::mutex mutex_;
  Snapshot counts_;
};

// Names of keys that get a label of their own; what the others used is told as "other".
inline constexpr size_t kMostKeyLabels = 100;

// `keys` by name: Quotas::TotalsByName(kMostKeyLabels).
std::string MetricsPage(const EngineStats& engine, const http::ServerCounts& http,
                        const MemoryCounts& memory, const GrammarCounts& grammars,
                        const ServerMetrics::Snapshot& requests,
                        const std::map<std::string, Quotas::Totals>& keys = {});

}  // namespace fathom::api
