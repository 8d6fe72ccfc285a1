// fathom serve: the APIs that people already use, on one engine.
#include <fmt/core.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "agent/builtin_tools.h"
#include "api/api_server.h"
#include "base/log.h"
#include "command.h"
#include "commands.h"
#include "engine/engine_thread.h"
#include "http/server.h"
#include "json/write.h"
#include "line_log.h"
#include "mcp_servers.h"
#include "parallel/task_queue.h"
#include "runtime/open_engine.h"
#include "runtime/open_model.h"
#include "serve_flags.h"
#include "serve_manifest.h"
#include "serve_signals.h"
#include "session.h"
#include "terminal/terminal_text.h"
#include "version_text.h"

namespace fathom {
namespace {

// "models/nano/" is called nano.
std::string NameOfFolder(const std::string& folder) {
  const std::filesystem::path path = std::filesystem::absolute(folder).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

std::string Address(const ServeFlags& flags, uint16_t port) {
  const bool bare_ipv6 = flags.host.find(':') != std::string::npos;
  return fmt::format("{}://{}:{}", flags.tls_key ? "https" : "http",
                     bare_ipv6 ? "[" + flags.host + "]" : flags.host, port);
}

// The address and the certificate are tried before the model is read, which may take minutes.
Status TryToListen(const http::ServerOptions& options) {
  TaskQueue workers(1);
  FATHOM_ASSIGN_OR_RETURN(
      const std::unique_ptr<http::Server> server,
      http::Server::Start(options, workers, [](const std::shared_ptr<http::Exchange>&) {}));
  return {};
}

void ReloadKeys(const ServeFlags& flags, api::KeyStore* keys) {
  if (!flags.api_keys) {
    LogWarning("SIGHUP reads the file of --api-keys again, and there is none");
    return;
  }
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
  ServeSignals signals;
  FATHOM_ASSIGN_OR_RETURN(api::KeyRing ring, flags.ToKeys());
  FATHOM_ASSIGN_OR_RETURN(const ModelOptions model_options, flags.ToModelOptions());
  const std::string model_name = NameOfFolder(model_options.folder);
  FATHOM_ASSIGN_OR_RETURN(api::ApiOptions options, flags.ToApiOptions(model_name));
  FATHOM_RETURN_IF_ERROR(TryToListen(options.http));
  // They start while the model is read.
  FATHOM_ASSIGN_OR_RETURN(Toolbox builtin, OpenBuiltinTools(/*folder=*/""));
  FATHOM_ASSIGN_OR_RETURN(const std::shared_ptr<McpToolGroups> tools,
                          StartMcpServers(flags.mcp, std::move(builtin), /*show=*/true));
  options.tool_groups = tools;
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
  Result<std::unique_ptr<Session>> opened =
      OpenSession(model_options, flags.max_running, [&signals] { return signals.Check(); });
  WaitForMcpServers(*tools, [&signals] { return !signals.Check().ok(); });
  if (!signals.Check().ok()) {
    fmt::print(stderr, "stopped before it served\n");
    return 0;
  }
  FATHOM_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, std::move(opened));
  fmt::print(stderr, "{}", DescribeMcpServers(*tools));
  options.defaults = DefaultParams(session->model->checkpoint.generation);
  options.manifest = ManifestOf(*session->model);
  if (record) record->Write(FirstRecordLine(model_name, options.manifest));
  if (flags.record_words) {
    LogWarning("{} keeps what everybody says, word for word", *flags.record);
  }

  api::KeyStore keys(std::move(ring));
  session->text = nullptr;  // the engine gets a thread of its own, which text stays above
  EngineThread engine(
      std::move(session->engine),
      {.max_waiting = flags.max_waiting,
       .counters = [&backend = *session->model->backend] { return backend.counters(); }});
  FATHOM_ASSIGN_OR_RETURN(
      const std::unique_ptr<api::ApiServer> server,
      api::ApiServer::Start(std::move(options), engine, *session->tokenizer, keys));
  // Standard output may be a log, whose lines are all JSON.
  const bool taken = flags.access_log == "-" || flags.record == "-";
  std::FILE* const out = taken ? stderr : stdout;
  const std::string address = Address(flags, server->port());
  // In one piece: whoever waits for the first line may read on at once.
  fmt::print(out, "fathom serves {} at {}\n{}", SafeForTerminal(model_name), address,
             flags.page == "on" ? fmt::format("its chat page is {}/\n", address) : "");
  std::fflush(out);
  while (signals.Wait() == ServeSignals::Event::kReload) ReloadKeys(flags, &keys);
  fmt::print(stderr, "stopping; answers on their way have {} seconds\n", flags.drain_seconds);
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
  command.summary = "serve OpenAI's and Anthropic's APIs and a chat page";
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
