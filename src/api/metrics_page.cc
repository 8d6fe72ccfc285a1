#include "api/metrics_page.h"

#include <fmt/format.h>

#include <iterator>

namespace fathom::api {
namespace {

// A label's value as it stands between quotes.
std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\' || c == '"') escaped.push_back('\\');
    if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped.push_back(c);
    }
  }
  return escaped;
}

class Page {
 public:
  void Head(std::string_view name, std::string_view type, std::string_view help) {
    Add("# HELP fathom_{} {}\n# TYPE fathom_{} {}\n", name, help, name, type);
  }
  template <typename T>
  void Gauge(std::string_view name, std::string_view help, T value) {
    Head(name, "gauge", help);
    Add("fathom_{} {}\n", name, value);
  }
  template <typename T>
  void Counter(std::string_view name, std::string_view help, T value) {
    Head(name, "counter", help);
    Add("fathom_{} {}\n", name, value);
  }
  void Buckets(std::string_view name, std::string_view help, const Histogram& histogram) {
    Head(name, "histogram", help);
    int64_t below = 0;
    for (size_t i = 0; i < histogram.bounds.size(); ++i) {
      below += histogram.counts[i];
      Add("fathom_{}_bucket{{le=\"{}\"}} {}\n", name, histogram.bounds[i], below);
    }
    Add("fathom_{}_bucket{{le=\"+Inf\"}} {}\n", name, histogram.total);
    Add("fathom_{}_sum {}\nfathom_{}_count {}\n", name, histogram.sum, name, histogram.total);
  }
  template <typename... Args>
  void Add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

void AddEngine(const EngineStats& engine, Page* page) {
  page->Gauge("requests_waiting", "requests in the queue", engine.waiting);
  page->Gauge("requests_running", "requests that share the steps", engine.running);
  page->Gauge("requests_running_limit", "most requests that may run", engine.max_running);
  page->Gauge("oldest_waiting_seconds", "how long the first of the queue has waited",
              engine.oldest_waiting_seconds());
  page->Gauge("cache_pages", "pages of the cache, 64 tokens each", engine.pages);
  page->Gauge("cache_pages_free", "pages nobody holds", engine.pages_free);
  page->Gauge("cache_pages_running", "pages of running requests", engine.pages_held);
  page->Gauge("cache_pages_prefixes", "pages of known prefixes", engine.pages_in_tree);
  page->Counter("steps_total", "steps of the model", engine.steps);
  page->Counter("prompt_tokens_total", "prompt tokens computed", engine.prompt_tokens_computed);
  page->Counter("prompt_tokens_cached_total", "prompt tokens found in the cache",
                engine.prompt_tokens_cached);
  page->Counter("generated_tokens_total", "tokens generated", engine.generated_tokens);
  page->Counter("masked_tokens_total", "generated tokens drawn under a guide's mask",
                engine.masked_tokens);
  page->Counter("forced_tokens_total", "generated tokens that a guide said", engine.forced_tokens);
  page->Counter("guide_seconds_total", "time spent in guides", engine.guide_seconds);
  page->Counter("preemptions_total", "requests that gave their pages up for a while",
                engine.preemptions);
  page->Head("requests_finished_total", "counter", "requests that ended, by reason");
  for (size_t i = 0; i < kFinishReasons; ++i) {
    page->Add("fathom_requests_finished_total{{reason=\"{}\"}} {}\n",
              Name(static_cast<FinishReason>(i)), engine.finished[i]);
  }
  page->Buckets("time_to_first_token_seconds", "from a request's arrival to its first token",
                engine.first_token_seconds);
  page->Buckets("time_between_tokens_seconds", "between two tokens of a request",
                engine.between_tokens_seconds);
  page->Buckets("queue_seconds", "from a request's arrival to its start", engine.queue_seconds);
  page->Buckets("step_seconds", "length of a step", engine.step_seconds);
  page->Buckets("step_sequences", "requests in a step", engine.batch_sequences);
}

void AddAttention(const AttentionWork& work, Page* page) {
  page->Counter("attention_rows_total", "query rows of attention, over all layers", work.rows);
  page->Counter("attention_keys_read_total", "keys that attention read", work.keys_read);
  page->Counter("attention_keys_present_total", "keys it would have read without the selection",
                work.keys_present);
  page->Counter("index_keys_read_total", "keys that the indexer scored", work.index_keys_read);
}

void AddServer(const http::ServerCounts& http, const MemoryCounts& memory,
               const ServerMetrics::Snapshot& requests, Page* page) {
  page->Gauge("connections", "open connections", http.connections);
  page->Counter("http_refused_total", "requests that the server ended by itself", http.refused);
  page->Head("http_requests_total", "counter", "answered requests");
  for (const auto& [key, count] : requests.requests) {
    page->Add("fathom_http_requests_total{{route=\"{}\",status=\"{}\"}} {}\n", Escaped(key.first),
              key.second, count);
  }
  page->Head("answers_total", "counter", "answers of the model, by their end");
  for (const auto& [end, count] : requests.answers) {
    page->Add("fathom_answers_total{{end=\"{}\"}} {}\n", Escaped(end), count);
  }
  page->Counter("reasoning_tokens_total", "generated tokens that were reasoning",
                requests.reasoning_tokens);
  page->Head("thinking_ended_total", "counter",
             "reasonings that the model didn't end, by what did");
  page->Add("fathom_thinking_ended_total{{by=\"budget\"}} {}\n", requests.ended_by_budget);
  page->Add("fathom_thinking_ended_total{{by=\"loop\"}} {}\n", requests.ended_by_loop);
  page->Counter("own_seconds_total", "time the server itself took for answers",
                requests.own_seconds);
  page->Gauge("memory_entries", "answers that the server remembers", memory.entries);
  page->Gauge("memory_bytes", "bytes of them", memory.bytes);
  page->Counter("memory_found_total", "remembered answers that were asked for", memory.found);
  page->Counter("memory_missed_total", "answers that were asked for and not there", memory.missed);
}

void AddKeys(const std::map<std::string, Quotas::Totals>& keys, Page* page) {
  const auto add = [&](std::string_view name, std::string_view help, const auto& value) {
    page->Head(name, "counter", help);
    for (const auto& [key, totals] : keys) {
      page->Add("fathom_{}{{key=\"{}\"}} {}\n", name, Escaped(key), value(totals.spent));
    }
  };
  add("key_requests_total", "requests that a key was charged for",
      [](const Spending& spent) { return spent.requests; });
  add("key_tokens_total", "tokens that count against a key's limits",
      [](const Spending& spent) { return spent.counted_tokens(); });
  add("key_cost_total", "money that a key was charged, in the currency of the prices",
      [](const Spending& spent) { return static_cast<double>(spent.nanos) / 1e9; });
  page->Head("key_refused_total", "counter", "requests that a key's quota refused");
  for (const auto& [key, totals] : keys) {
    for (size_t i = 0; i < totals.refused.size(); ++i) {
      if (totals.refused[i] == 0) continue;
      page->Add("fathom_key_refused_total{{key=\"{}\",limit=\"{}\"}} {}\n", Escaped(key),
                Name(static_cast<Quota>(i)), totals.refused[i]);
    }
  }
}

void AddGrammars(const GrammarCounts& grammars, Page* page) {
  page->Counter("grammars_compiled_total", "grammars of answers that were compiled",
                grammars.compiled);
  page->Counter("grammars_found_total", "grammars that were still there", grammars.found);
  page->Counter("grammars_refused_total", "forms of answers that became no grammar",
                grammars.refused);
  page->Counter("grammar_compile_seconds_total", "time spent compiling them", grammars.seconds);
}

}  // namespace

void ServerMetrics::CountRequest(std::string_view route, int status) {
  const std::lock_guard lock(mutex_);
  ++counts_.requests[{std::string(route), status}];
}

void ServerMetrics::CountAnswer(const AnswerRecord& record) {
  const std::lock_guard lock(mutex_);
  ++counts_.answers[record.end];
  counts_.reasoning_tokens += record.usage.reasoning_tokens;
  counts_.ended_by_budget += record.usage.ended_by_budget;
  counts_.ended_by_loop += record.usage.ended_by_loop;
  counts_.own_seconds += record.own_seconds;
}

ServerMetrics::Snapshot ServerMetrics::Get() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

std::string MetricsPage(const EngineStats& engine, const http::ServerCounts& http,
                        const MemoryCounts& memory, const GrammarCounts& grammars,
                        const ServerMetrics::Snapshot& requests,
                        const std::map<std::string, Quotas::Totals>& keys) {
  Page page;
  AddEngine(engine, &page);
  AddAttention(engine.attention, &page);
  AddServer(http, memory, requests, &page);
  AddKeys(keys, &page);
  AddGrammars(grammars, &page);
  return page.Take();
}

}  // namespace fathom::api
