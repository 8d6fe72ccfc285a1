// fathom serve: the APIs that people already use, on one engine.
#include <fmt/core.h>
#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "api/api_server.h"
#include "base/log.h"
#include "command.h"
#include "commands.h"
#include "engine/engine_thread.h"
#include "json/write.h"
#include "line_log.h"
#include "runtime/open_engine.h"
#include "runtime/open_model.h"
#include "serve_flags.h"
#include "serve_manifest.h"
#include "session.h"
#include "terminal/terminal_text.h"
#include "version_text.h"

namespace fathom {
namespace {

// SIGTERM, SIGINT and SIGHUP wait until they are asked for, in this thread and all it starts.
class ServerSignals {
 public:
  ServerSignals() {
    sigemptyset(&set_);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set_, signal);
    pthread_sigmask(SIG_BLOCK, &set_, &before_);
    ::signal(SIGPIPE, SIG_IGN);
  }
  ~ServerSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  ServerSignals(const ServerSignals&) = delete;
  ServerSignals& operator=(const ServerSignals&) = delete;

  int Wait() const {
    int signal = 0;
    sigwait(&set_, &signal);
    return signal;
  }
  // From here on the next one ends the program at once.
  void Release() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t set_, before_;
};

void ReloadKeys(const ServeFlags& flags, api::KeyStore* keys) {
  Result<api::KeyRing> ring = flags.ToKeys();
  if (!ring.ok()) {
    LogWarning("the keys stay as they are: {}", ring.status().message());
    return;
  }
  fmt::print(stderr, "{} keys read\n", ring->size());
  keys->Replace(*std::move(ring));
}

// What a record was made with; its other lines are request_record.h's.
std::string FirstRecordLine(const std::string& model, const json::Value& manifest) {
  json::Object line{{"event", "engine"}, {"version", VersionNumber()}, {"model", model}};
  for (const std::string_view name : {"backend", "numerics", "cache", "context", "step_tokens"}) {
    line.Set(std::string(name), *manifest.Find(name));
  }
  return json::Dump(line, json::Style::kCompact);
}

Result<int> Serve(const ServeFlags& flags) {
  FATHOM_ASSIGN_OR_RETURN(api::KeyRing ring, flags.ToKeys());
  FATHOM_ASSIGN_OR_RETURN(const ModelOptions model_options, flags.ToModelOptions());
  const std::string model_name = std::filesystem::path(model_options.folder).filename().string();
  FATHOM_ASSIGN_OR_RETURN(api::ApiOptions options, flags.ToApiOptions(model_name));
  std::unique_ptr<LineLog> log, record;
  if (flags.access_log) {
    FATHOM_ASSIGN_OR_RETURN(log, LineLog::Open(*flags.access_log));
    options.access_log = [&log](const std::string& line) { log->Write(line); };
  }
  if (flags.record) {
    FATHOM_ASSIGN_OR_RETURN(record, flags.record_words ? LineLog::OpenPrivate(*flags.record)
                                                       : LineLog::Open(*flags.record));
    options.record = [&record](const std::string& line) { record->Write(line); };
  }
  FATHOM_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session,
                          OpenSession(model_options, flags.max_running));
  options.defaults = DefaultParams(session->model->checkpoint.generation);
  options.manifest = ManifestOf(*session->model);
  if (record) record->Write(FirstRecordLine(model_name, options.manifest));
  if (flags.record_words) {
    LogWarning("{} keeps what everybody says, word for word", *flags.record);
  }

  ServerSignals signals;
  api::KeyStore keys(std::move(ring));
  session->text = nullptr;  // the engine gets a thread of its own, which text stays above
  EngineThread engine(
      std::move(session->engine),
      {.max_waiting = flags.max_waiting,
       .counters = [&backend = *session->model->backend] { return backend.counters(); }});
  FATHOM_ASSIGN_OR_RETURN(
      const std::unique_ptr<api::ApiServer> server,
      api::ApiServer::Start(std::move(options), engine, *session->tokenizer, keys));
  fmt::print("fathom serves {} at {}://{}:{}\n", SafeForTerminal(model_name),
             flags.tls_key ? "https" : "http",
             flags.host.find(':') == std::string::npos ? flags.host : "[" + flags.host + "]",
             server->port());
  std::fflush(stdout);
  while (signals.Wait() == SIGHUP) ReloadKeys(flags, &keys);
  fmt::print(stderr, "stopping; answers on their way have {} seconds\n", flags.drain_seconds);
  signals.Release();
  if (!server->Drain(std::chrono::seconds(flags.drain_seconds))) {
    fmt::print(stderr, "some answers were cut off\n");
    engine.Stop();  // tells those who still wait
    server->Drain(std::chrono::seconds(1));
  }
  return 0;
}

}  // namespace

Command MakeServeCommand() {
  const auto flags = std::make_shared<ServeFlags>();
  Command command;
  command.name = "serve";
  command.summary = "serve a model over HTTP: OpenAI's and Anthropic's APIs";
  command.description =
      "Serves a model over HTTP: OpenAI's chat completions, completions and responses, and "
      "Anthropic's messages, to many clients at once. SIGTERM ends it when its answers are "
      "complete, SIGHUP reads the keys again. Every flag may also stand in the environment "
      "(--max-running is FATHOM_MAX_RUNNING) or in the file of --config.";
  command.flags = ServeFlagTable(flags.get());
  command.settings = true;
  command.run = [flags] { return Serve(*flags); };
  return command;
}

}  // namespace fathom
