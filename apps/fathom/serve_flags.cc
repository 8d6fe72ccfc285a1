#include "serve_flags.h"

#include <algorithm>
#include <string_view>

#include "api/gate.h"
#include "api/model_aliases.h"
#include "api/usage_file.h"
#include "base/number_text.h"

namespace fathom {
namespace {

Status CheckRange(std::string_view flag, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return {};
  return InvalidArgument("{}: {} is outside [{}, {}]", flag, value, low, high);
}

// Of "NAME=thinking" the name.
std::string_view NameOf(std::string_view alias) { return alias.substr(0, alias.find('=')); }

Result<int64_t> ReadBytes(std::string_view flag, std::string_view text) {
  Result<int64_t> bytes = ParseBytes(text);
  if (!bytes.ok()) return bytes.status().At(flag);
  return bytes;
}

}  // namespace

Result<ModelOptions> ServeFlags::ToModelOptions() const {
  FATHOM_RETURN_IF_ERROR(CheckRange("--max-running", max_running, 1, 1024));
  FATHOM_ASSIGN_OR_RETURN(ModelOptions options, model.ToOptions());
  options.sequences = max_running;
  options.logit_rows = max_running;
  options.share_memory = true;
  if (cache_memory) {
    FATHOM_ASSIGN_OR_RETURN(options.cache_bytes, ReadBytes("--cache-memory", *cache_memory));
  }
  return options;
}

Result<api::KeyRing> ServeFlags::ToKeys() const {
  if (api_key && api_keys) {
    return InvalidArgument("--api-key and --api-keys: one of them is enough");
  }
  if (api_keys) {
    FATHOM_ASSIGN_OR_RETURN(api::KeyRing ring, api::KeyRing::Load(*api_keys));
    if (ring.needs_prices() && !prices) {
      return InvalidArgument("{}: money_per_day needs --prices", *api_keys);
    }
    return ring;
  }
  if (api_key) {
    if (api_key->size() < 16) {
      return InvalidArgument(
          "--api-key: {} characters are easily guessed, at least 16 are needed "
          "(fathom make-key makes one)",
          api_key->size());
    }
    return api::KeyRing::OfKey(*api_key);
  }
  if (!api::IsLoopback(host)) {
    return InvalidArgument(
        "--host {}: whoever reaches this address could use the server; --api-key "
        "or --api-keys is needed",
        host);
  }
  return api::KeyRing::Open();
}

Result<api::ApiOptions> ServeFlags::ToApiOptions(const std::string& model_name) const {
  FATHOM_RETURN_IF_ERROR(CheckRange("--port", port, 0, 65535));
  FATHOM_RETURN_IF_ERROR(CheckRange("--max-waiting", max_waiting, 1, 1 << 20));
  FATHOM_RETURN_IF_ERROR(CheckRange("--connections", connections, 1, 1 << 20));
  FATHOM_RETURN_IF_ERROR(CheckRange("--workers", workers, 1, 64));
  FATHOM_RETURN_IF_ERROR(CheckRange("--drain-seconds", drain_seconds, 0, 3600));
  FATHOM_RETURN_IF_ERROR(CheckRange("--answer-seconds", answer_seconds, 0, 1 << 30));
  if (tls_certificate.has_value() != tls_key.has_value()) {
    return InvalidArgument("--tls-certificate and --tls-key: TLS needs both");
  }
  if (record_words && !record) return InvalidArgument("--record-words needs --record");
  api::ApiOptions options;
  options.record_words = record_words;
  options.http.host = host;
  options.http.port = static_cast<uint16_t>(port);
  options.http.certificate_file = tls_certificate.value_or("");
  options.http.key_file = tls_key.value_or("");
  options.http.connections = static_cast<size_t>(connections);
  FATHOM_ASSIGN_OR_RETURN(const int64_t body, ReadBytes("--body-limit", body_limit));
  options.http.body_bytes = static_cast<size_t>(body);
  options.gate.allowed_hosts = allowed_hosts;
  options.gate.allowed_origins = allowed_origins;
  std::vector<std::string> names = served_names;
  if (names.empty()) names.push_back(model_name);
  // Names that are there anyway give way to the same ones given.
  const api::Profile* chosen = api::FindProfile(profile);
  FATHOM_CHECK(chosen != nullptr, "profile {}", profile);  // one of the flag's choices
  options.profile = chosen;
  std::vector<std::string> others;
  for (const std::string& alias : api::kDefaultAliases) {
    if (chosen->always_thinks && alias.ends_with("=chat")) continue;
    const auto same = [&](const std::string& given) { return NameOf(given) == NameOf(alias); };
    if (std::ranges::none_of(names, same) && std::ranges::none_of(aliases, same)) {
      others.push_back(alias);
    }
  }
  others.insert(others.end(), aliases.begin(), aliases.end());
  FATHOM_ASSIGN_OR_RETURN(options.models, api::MakeServedModels(names, others));
  for (const api::ModelName& name : options.models.names) {
    if (chosen->always_thinks && name.thinking == false) {
      return InvalidArgument("--alias {}=chat: {} always thinks", name.name, chosen->model);
    }
  }
  options.thinking = thinking == "on";
  options.page = page == "on";
  if (thinking_budget) {
    FATHOM_RETURN_IF_ERROR(CheckRange("--thinking-budget", *thinking_budget, 0, kNoTokenLimit));
  }
  options.limits = {.budget = thinking_budget, .loop_guard = loop_guard == "on"};
  if (prices) {
    FATHOM_ASSIGN_OR_RETURN(options.prices, api::Prices::Load(*prices));
  }
  if (usage_file) {
    FATHOM_RETURN_IF_ERROR(api::UsageFile::Check(*usage_file));
    options.usage_file = *usage_file;
  }
  FATHOM_ASSIGN_OR_RETURN(const int64_t remembered, ReadBytes("--answer-memory", answer_memory));
  options.memory.bytes = static_cast<size_t>(remembered);
  options.share_cache = share_cache;
  options.workers = static_cast<int>(workers);
  options.answer_seconds = static_cast<double>(answer_seconds);
  return options;
}

std::vector<Flag> ServeFlagTable(ServeFlags* flags) {
  std::vector<Flag> table = {
      {.name = "--config",
       .value = "FILE",
       .help = "JSON file of settings, named as these flags: {\"port\": 8080, …}",
       .target = &flags->config},
      {.name = "--host",
       .value = "ADDRESS",
       .help = "address to listen on; one that others can reach needs a key [127.0.0.1]",
       .target = &flags->host},
      {.name = "--port", .value = "N", .help = "0: any free one [8080]", .target = &flags->port},
      {.name = "--api-key",
       .value = "KEY",
       .help = "the one key that clients must send; others on this machine can read a command "
               "line, so better as FATHOM_API_KEY",
       .target = &flags->api_key},
      {.name = "--api-keys",
       .value = "FILE",
       .help = "file of several keys, with limits (fathom make-key); SIGHUP reads it again",
       .target = &flags->api_keys},
      {.name = "--tls-certificate",
       .value = "FILE",
       .help = "PEM file with its chain; with --tls-key the server speaks TLS alone",
       .target = &flags->tls_certificate},
      {.name = "--tls-key",
       .value = "FILE",
       .help = "PEM file of the certificate's key, without a passphrase",
       .target = &flags->tls_key},
      {.name = "--allow-host",
       .value = "NAME",
       .help = "a name of this server besides its address; may be given again",
       .target = &flags->allowed_hosts},
      {.name = "--allow-origin",
       .value = "ORIGIN",
       .help = "a site whose pages may use the server, such as https://chat.example.org; may be "
               "given again",
       .target = &flags->allowed_origins},
      {.name = "--served-model-name",
       .value = "NAME",
       .help = "a name that the model answers to; may be given again [the folder's name]",
       .target = &flags->served_names},
      {.name = "--alias",
       .value = "NAME",
       .help = "another name; NAME=thinking or NAME=chat also says whether it thinks; may be given "
               "again [deepseek-chat=chat, deepseek-reasoner=thinking]",
       .target = &flags->aliases},
      {.name = "--profile",
       .value = "NAME",
       .help = "v3.2, or speciale for DeepSeek-V3.2-Speciale, whose files look the same: no tools, "
               "always thinking, long answers [v3.2]",
       .target = &flags->profile,
       .choices = {"v3.2", "speciale"}},
      {.name = "--thinking",
       .value = "MODE",
       .help = "on or off, where neither request nor name says [off]",
       .target = &flags->thinking,
       .choices = {"on", "off"}},
      {.name = "--page",
       .value = "MODE",
       .help = "on or off: a chat page for browsers, at the server's address [on]",
       .target = &flags->page,
       .choices = {"on", "off"}},
      {.name = "--thinking-budget",
       .value = "N",
       .help = "tokens of reasoning after which the model must answer, where neither request nor "
               "key says [any number]",
       .target = &flags->thinking_budget},
      {.name = "--loop-guard",
       .value = "MODE",
       .help = "on or off: reasoning that goes in circles is ended, where no request says [on]",
       .target = &flags->loop_guard,
       .choices = {"on", "off"}},
      {.name = "--max-running",
       .value = "N",
       .help = "requests that are worked on at once; others wait [32]",
       .target = &flags->max_running},
      {.name = "--max-waiting",
       .value = "N",
       .help = "requests that may wait; others get 429 [1024]",
       .target = &flags->max_waiting},
      {.name = "--cache-memory",
       .value = "SIZE",
       .help = "memory of the cache, such as 8GB [half of what is left, at most what "
               "--max-running requests can fill]",
       .target = &flags->cache_memory},
      {.name = "--share-cache",
       .value = "",
       .help = "find prompts' beginnings across keys too: faster, but its timing tells one key "
               "what another asks",
       .target = &flags->share_cache},
      {.name = "--answer-memory",
       .value = "SIZE",
       .help = "what is remembered of answers: reasoning, calls, responses [256MB]",
       .target = &flags->answer_memory},
      {.name = "--body-limit",
       .value = "SIZE",
       .help = "largest request [32MB]",
       .target = &flags->body_limit},
      {.name = "--connections",
       .value = "N",
       .help = "open connections; others get 503 [4096]",
       .target = &flags->connections},
      {.name = "--workers",
       .value = "N",
       .help = "threads that read requests and write answers [2]",
       .target = &flags->workers},
      {.name = "--mcp",
       .value = "FILE",
       .help = "JSON file of MCP servers, whose tools /v1/agent offers",
       .target = &flags->mcp},
      {.name = "--prices",
       .value = "FILE",
       .help = "JSON file of prices; answers then carry their cost",
       .target = &flags->prices},
      {.name = "--usage-file",
       .value = "FILE",
       .help = "keeps what keys have used today, so that their limits hold over a restart [in "
               "memory alone]",
       .target = &flags->usage_file},
      {.name = "--access-log",
       .value = "FILE",
       .help = "a line of JSON for every request and answer, without their words; - for standard "
               "output",
       .target = &flags->access_log},
      {.name = "--record",
       .value = "FILE",
       .help = "a line of JSON for every request, to look for a bug with; words are redacted",
       .target = &flags->record},
      {.name = "--record-words",
       .value = "",
       .help = "the record keeps everybody's words, and fathom run --jsonl can run it again",
       .target = &flags->record_words},
      {.name = "--answer-seconds",
       .value = "N",
       .help = "an answer that takes longer, waiting included, is cut off there; 0: none is [0]",
       .target = &flags->answer_seconds},
      {.name = "--drain-seconds",
       .value = "N",
       .help = "how long SIGTERM waits for answers that are on their way [30]",
       .target = &flags->drain_seconds},
  };
  const std::vector<Flag> model = ModelFlagTable(&flags->model);
  table.insert(table.end(), model.begin(), model.end());
  return table;
}

}  // namespace fathom
