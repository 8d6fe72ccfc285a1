#include "api/api_server.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <utility>

#include "api/agent_run.h"
#include "api/agent_tools.h"
#include "api/answer_service.h"
#include "api/anthropic_messages.h"
#include "api/completion_service.h"
#include "api/errors.h"
#include "api/metrics_page.h"
#include "api/openai_chat.h"
#include "api/openai_responses.h"
#include "api/page.h"
#include "api/tokenize.h"
#include "api/usage_body.h"
#include "api/usage_file.h"
#include "http/router.h"
#include "json/field_reader.h"
#include "json/parse.h"
#include "json/write.h"

namespace fathom::api {
namespace {

// A step that takes longer than this is no step any more: /health says so.
constexpr double kStuckSeconds = 120;

// Calls of tools that run at once, of all answers; mostly they wait for somebody else.
constexpr int kToolThreads = 16;

// Deep enough for any schema, and far from the stack's end.
constexpr int kBodyDepth = 128;

http::Response JsonResponse(const json::Value& value) {
  return {.body = json::Dump(value, json::Style::kCompact)};
}

int64_t Microseconds(double seconds) { return static_cast<int64_t>(std::llround(seconds * 1e6)); }

using Exchange = std::shared_ptr<http::Exchange>;
using BodyHandler = std::function<void(const Caller&, const json::Value& body)>;
using BodyAnswer = std::function<http::Response(const Caller&, const json::Value& body)>;

Dialect CallersDialect(const Caller& caller) {
  return DialectOf(caller.exchange->request().head.path);
}

class Server final : public ApiServer {
 public:
  Server(ApiOptions options, EngineThread& engine, const Tokenizer& tokenizer, const KeyStore& keys)
      : options_(std::move(options)),
        engine_(engine),
        tokenizer_(tokenizer),
        gate_(options_.gate, keys),
        memory_(options_.memory),
        grammars_(tokenizer, engine.vocab_size(), engine.eos_ids(), options_.grammars),
        quotas_(options_.prices ? &*options_.prices : nullptr),
        router_([](int status, const std::string& message) {
          return ErrorResponse(Dialect::kOpenAi, status, message);
        }),
        live_({options_.keep_alive_seconds, options_.answer_seconds}),
        parts_{
            .engine = engine,
            .tokenizer = tokenizer,
            .workers = workers_,
            .memory = memory_,
            .use = use_,
            .quotas = quotas_,
            .live = live_,
            .models = options_.models,
            .thinking = options_.thinking,
            .profile = *options_.profile,
            .answer_tokens = AnswerTokens::Make(tokenizer, engine.vocab_size(), engine.eos_ids()),
            .grammars = grammars_,
            .limits = options_.limits,
            .prices = options_.prices ? &*options_.prices : nullptr,
            .share_cache = options_.share_cache,
            .on_answer = [this](const AnswerRecord& record) { NoteAnswer(record); },
            .on_record = options_.record,
            .record_words = options_.record_words},
        agent_tools_(options_.tool_groups ? options_.tool_groups : HarmlessTools()),
        agent_parts_{.answers = parts_, .tool_threads = tool_threads_, .tools = *agent_tools_},
        workers_(options_.workers),
        tool_threads_(kToolThreads) {
    grammars_.Prepare();  // no request waits for it
  }
  ~Server() override;

  Status OpenUsageFile();
  Status Listen();

  uint16_t port() const override { return http_->port(); }
  bool Drain(std::chrono::milliseconds patience) override {
    draining_ = true;
    return http_->Drain(patience);
  }
  ApiCounts counts() const override {
    return {.answers = live_.size(),
            .admitted = use_.running(),
            .http = HttpCounts(),
            .memory = memory_.counts()};
  }

 private:
  void AddRoutes();
  void AddAnswers();
  void AddTokens();
  void AddState();
  void AddPage();
  // The same under /v1 and without: clients write their base address with and without.
  void Add(const std::string& method, const std::string& path, const http::RouteHandler& handler);
  void Get(const std::string& path, std::function<http::Response()> answer);
  // Reads the body; a handler in `admitted` form answers for the caller's limits too.
  http::RouteHandler WithBody(BodyHandler handler) const;
  http::RouteHandler Admitted(BodyHandler handler) const;
  http::RouteHandler Counted(BodyAnswer answer) const;

  template <typename ReadFunction>
  BodyHandler AnswerWith(ReadFunction read,
                         std::function<std::unique_ptr<AnswerWriter>(const AnswerRequest&)> write,
                         std::string id_prefix) const;
  void AnswerResponse(const Caller& caller, const json::Value& body) const;
  Result<std::vector<int32_t>> PromptOf(const AnswerRequest& request,
                                        const KeyHolder& holder) const;

  http::Response Usage(const KeyHolder& holder);
  http::Response Health() const;
  http::Response Ready() const;
  http::Response Manifest() const;
  http::Response Metrics() const;
  http::ServerCounts HttpCounts() const;
  void NoteAnswer(const AnswerRecord& record);
  void NoteRequest(const http::RequestHead& head, const http::Served& served);

  const ApiOptions options_;
  EngineThread& engine_;
  const Tokenizer& tokenizer_;
  const Gate gate_;
  TurnMemory memory_;
  GrammarCache grammars_;
  KeyUse use_;
  Quotas quotas_;
  std::unique_ptr<UsageFile> usage_file_;  // may be null
  ServerMetrics metrics_;
  http::Router router_;
  std::atomic<bool> draining_ = false;
  LiveRuns live_;
  const AnswerParts parts_;
  const std::shared_ptr<const ToolGroups> agent_tools_;
  const AgentParts agent_parts_;
  // Requests may come in before Start has returned it, and be at work while it goes.
  mutable std::mutex http_mutex_;
  std::unique_ptr<http::Server> http_;  // guarded, but for the thread that owns the server
  TaskQueue workers_;                   // its tasks use all of the above, so it ends before them
  TaskQueue tool_threads_;              // and this one's use the workers
};

Server::~Server() {
  std::unique_ptr<http::Server> http;
  {
    const std::lock_guard lock(http_mutex_);
    http.swap(http_);
  }
  http.reset();   // every client that waits is gone now, and its run is being cancelled
  live_.Close();  // until the engine knows: a run that it wakes needs the workers
}

Status Server::OpenUsageFile() {
  if (options_.usage_file.empty()) return {};
  FATHOM_ASSIGN_OR_RETURN(usage_file_, UsageFile::Open(options_.usage_file, quotas_));
  return {};
}

http::ServerCounts Server::HttpCounts() const {
  const std::lock_guard lock(http_mutex_);
  return http_ == nullptr ? http::ServerCounts() : http_->counts();
}

Status Server::Listen() {
  AddRoutes();
  http::ServerOptions options = options_.http;
  options.on_head = [this](const http::RequestHead& head) -> std::optional<http::Response> {
    if (auto refused = gate_.Check(head)) return refused;
    const http::Router::Match match = router_.Find(head);
    if (match.handler != nullptr) return std::nullopt;
    // In the words of the path's API.
    if (DialectOf(head.path) == Dialect::kOpenAi) return match.refused;
    http::Response response =
        ErrorResponse(Dialect::kAnthropic, match.refused.status, "there is no such path or method");
    response.headers = match.refused.headers;
    return response;
  };
  options.refusal = [](int status, const std::string& message) {
    return ErrorResponse(Dialect::kOpenAi, status, message);
  };
  options.on_response = [this](const http::RequestHead& head, http::Headers* headers) {
    gate_.AddCorsHeaders(head, headers);
    headers->Add("X-Content-Type-Options", "nosniff");
  };
  options.on_served = [this](const http::RequestHead& head, const http::Served& served) {
    NoteRequest(head, served);
  };
  FATHOM_ASSIGN_OR_RETURN(
      auto http, http::Server::Start(std::move(options), workers_,
                                     [this](Exchange e) { router_.Handle(std::move(e)); }));
  const std::lock_guard lock(http_mutex_);
  http_ = std::move(http);
  return {};
}

void Server::Add(const std::string& method, const std::string& path,
                 const http::RouteHandler& handler) {
  router_.Add(method, "/v1" + path, handler);
  router_.Add(method, path, handler);
}

void Server::Get(const std::string& path, std::function<http::Response()> answer) {
  router_.Add("GET", path,
              [answer = std::move(answer)](const Exchange& exchange, const std::string&) {
                exchange->Send(answer());
              });
}

http::RouteHandler Server::WithBody(BodyHandler handler) const {
  return [this, handler = std::move(handler)](Exchange exchange, const std::string&) {
    const http::Request& request = exchange->request();
    const Caller caller = {std::move(exchange), gate_.HolderOf(request.head)};
    const auto refuse = [&](const Status& status) {
      caller.exchange->Send(ErrorResponse(CallersDialect(caller), status));
    };
    if (caller.holder == nullptr) {  // revoked since the head was read
      return caller.exchange->Send(
          ErrorResponse(CallersDialect(caller), 401, "the API key is not valid"));
    }
    const Result<json::Value> body = json::Parse(request.body, {.max_depth = kBodyDepth});
    if (!body.ok()) return refuse(body.status().At("body"));
    if (!body->is_object()) return refuse(json::WrongKind("body", "object", *body));
    handler(caller, *body);
  };
}

http::RouteHandler Server::Admitted(BodyHandler handler) const {
  return WithBody(
      [this, handler = std::move(handler)](const Caller& caller, const json::Value& body) {
        if (Admit(parts_, caller)) handler(caller, body);
      });
}

// For what is answered at once: it counts as a request that runs until its answer is made.
http::RouteHandler Server::Counted(BodyAnswer answer) const {
  return Admitted(
      [this, answer = std::move(answer)](const Caller& caller, const json::Value& body) {
        http::Response response = answer(caller, body);
        parts_.use.End(*caller.holder);
        caller.exchange->Send(std::move(response));
      });
}

template <typename ReadFunction>
BodyHandler Server::AnswerWith(
    ReadFunction read, std::function<std::unique_ptr<AnswerWriter>(const AnswerRequest&)> write,
    std::string id_prefix) const {
  return [this, read, write = std::move(write), id_prefix = std::move(id_prefix)](
             const Caller& caller, const json::Value& body) {
    Result<AnswerRequest> request = read(body, options_.defaults);
    if (!request.ok()) return Refuse(parts_, caller, request.status());
    Asked asked = {.caller = caller};
    asked.writer = write(*request);
    asked.id = id_prefix + RandomText(128);
    asked.request = *std::move(request);
    Answer(parts_, std::move(asked));
  };
}

void Server::AnswerResponse(const Caller& caller, const json::Value& body) const {
  Result<ResponseRequest> request = ReadResponse(body, options_.defaults);
  if (!request.ok()) return Refuse(parts_, caller, request.status());
  const std::string& previous = request->answer.previous_response;
  if (!previous.empty()) {
    const auto earlier =
        parts_.memory.FindConversation(caller.holder->scope, previous, SteadySeconds());
    if (earlier == nullptr) {
      return Refuse(parts_, caller,
                    NotFound("previous_response_id: there is no response \"{}\"", previous));
    }
    const Status fits = ContinueResponse(earlier->messages, &*request);
    if (!fits.ok()) return Refuse(parts_, caller, fits);
  }
  Asked asked = {.caller = caller};
  asked.writer = MakeResponsesWriter(std::move(request->form));
  asked.id = "resp_" + RandomText(128);
  if (request->answer.store) asked.history = std::move(request->history);
  asked.request = std::move(request->answer);
  Answer(parts_, std::move(asked));
}

void Server::AddAnswers() {
  Add("POST", "/chat/completions",
      Admitted(AnswerWith(ReadChatCompletion, MakeChatWriter, "chatcmpl-")));
  Add("POST", "/responses", Admitted([this](const Caller& caller, const json::Value& body) {
        AnswerResponse(caller, body);
      }));
  Add("POST", "/completions", Admitted([this](const Caller& caller, const json::Value& body) {
        Result<CompletionRequest> request = ReadCompletion(body, options_.defaults);
        if (!request.ok()) return Refuse(parts_, caller, request.status());
        Complete(parts_, caller, *std::move(request), "cmpl-" + RandomText(128));
      }));
  Add("POST", "/agent", Admitted([this](const Caller& caller, const json::Value& body) {
        Result<AgentRequest> request = ReadAgent(body, options_.defaults);
        if (!request.ok()) return Refuse(parts_, caller, request.status());
        RunAgent(agent_parts_, caller, *std::move(request), "agent_" + RandomText(128));
      }));
  const auto messages = Admitted(AnswerWith(
      ReadMessages, [](const AnswerRequest&) { return MakeMessagesWriter(); }, "msg_"));
  const auto count = Counted([this](const Caller& caller, const json::Value& body) {
    const auto request = ReadCountTokens(body);
    const auto prompt = request.ok() ? PromptOf(*request, *caller.holder)
                                     : Result<std::vector<int32_t>>(request.status());
    return prompt.ok() ? JsonResponse(CountTokensAnswer(static_cast<int64_t>(prompt->size())))
                       : ErrorResponse(CallersDialect(caller), prompt.status());
  });
  for (const std::string base : {"", "/anthropic"}) {
    Add("POST", base + "/messages", messages);
    Add("POST", base + "/messages/count_tokens", count);
    router_.Add("POST", base + "/v1/messages", messages);
    router_.Add("POST", base + "/v1/messages/count_tokens", count);
  }
}

Result<std::vector<int32_t>> Server::PromptOf(const AnswerRequest& request,
                                              const KeyHolder& holder) const {
  FATHOM_ASSIGN_OR_RETURN(const TextRequest text, MakeTextRequest(request, holder, parts_));
  FATHOM_ASSIGN_OR_RETURN(TextPrompt prompt, MakeTextPrompt(tokenizer_, text));
  return std::move(prompt.tokens);
}

void Server::AddTokens() {
  Add("POST", "/tokenize", Counted([this](const Caller& caller, const json::Value& body) {
        const auto answer = [&]() -> Result<json::Value> {
          FATHOM_ASSIGN_OR_RETURN(const TokenizeRequest request, ReadTokenize(body));
          FATHOM_ASSIGN_OR_RETURN(const ModelName* name, FindModel(options_.models, request.model));
          static_cast<void>(name);
          FATHOM_ASSIGN_OR_RETURN(const std::vector<int32_t> ids,
                                  request.chat
                                      ? PromptOf(*request.chat, *caller.holder)
                                      : TextTokens(request.prompt, request.add_special_tokens,
                                                   request.parse_special, tokenizer_));
          return TokenizeBody(ids, tokenizer_, engine_.context(), request.token_strings);
        }();
        return answer.ok() ? JsonResponse(*answer)
                           : ErrorResponse(CallersDialect(caller), answer.status());
      }));
  Add("POST", "/detokenize", Counted([this](const Caller& caller, const json::Value& body) {
        const auto answer = [&]() -> Result<json::Value> {
          FATHOM_ASSIGN_OR_RETURN(const DetokenizeRequest request, ReadDetokenize(body));
          FATHOM_ASSIGN_OR_RETURN(const ModelName* name, FindModel(options_.models, request.model));
          static_cast<void>(name);
          return DetokenizeBody(request.tokens, tokenizer_);
        }();
        return answer.ok() ? JsonResponse(*answer)
                           : ErrorResponse(CallersDialect(caller), answer.status());
      }));
  Add("POST", "/embeddings", WithBody([](const Caller& caller, const json::Value&) {
        caller.exchange->Send(ErrorResponse(CallersDialect(caller), NoEmbeddings()));
      }));
}

void Server::AddState() {
  Add("GET", "/models", [this](const Exchange& exchange, const std::string&) {
    exchange->Send(JsonResponse(ModelsBody(options_.models)));
  });
  Add("GET", "/models/{id}", [this](const Exchange& exchange, const std::string& id) {
    const Result<json::Value> model = ModelBody(options_.models, id);
    exchange->Send(model.ok() ? JsonResponse(*model)
                              : ErrorResponse(Dialect::kOpenAi, model.status()));
  });
  Add("GET", "/agent", [this](const Exchange& exchange, const std::string&) {
    exchange->Send(JsonResponse(AgentBody(agent_parts_, options_.defaults)));
  });
  Add("GET", "/usage", [this](const Exchange& exchange, const std::string&) {
    const auto holder = gate_.HolderOf(exchange->request().head);
    exchange->Send(holder == nullptr  // revoked since the head was read
                       ? ErrorResponse(Dialect::kOpenAi, 401, "the API key is not valid")
                       : Usage(*holder));
  });
  Get("/health", [this] { return Health(); });
  Get("/ready", [this] { return Ready(); });
  Get("/metrics", [this] { return Metrics(); });
  Get("/v1/engine", [this] { return Manifest(); });
}

// A browser gets the page, a program something that it can read.
void Server::AddPage() {
  router_.Add("GET", "/", [this](const Exchange& exchange, const std::string&) {
    const http::RequestHead& head = exchange->request().head;
    if (options_.page && WantsPage(head)) return exchange->Send(Page::Built().Index(head));
    http::Response response = JsonResponse(json::Object{{"server", "fathom"}});
    response.headers.Add("Vary", "Accept");
    exchange->Send(std::move(response));
  });
  if (!options_.page) return;
  router_.Add("GET", "/assets/{id}", [](const Exchange& exchange, const std::string& id) {
    exchange->Send(Page::Built().Asset(exchange->request().head, id));
  });
}

void Server::AddRoutes() {
  AddAnswers();
  AddTokens();
  AddState();
  AddPage();
}

http::Response Server::Usage(const KeyHolder& holder) {
  http::Response response =
      JsonResponse(UsageBody(holder, quotas_, use_, parts_.prices, QuotaNow()));
  response.headers.Add("Cache-Control", "no-store");
  return response;
}

// The process lives, and the engine moves.
http::Response Server::Health() const {
  const EngineStats stats = engine_.Stats();
  const double step = stats.step_began ? stats.now - *stats.step_began : 0;
  const bool stuck = step > kStuckSeconds;
  http::Response response = JsonResponse(json::Object{
      {"status", stuck ? "stuck" : "ok"}, {"waiting", stats.waiting}, {"running", stats.running}});
  response.status = stuck ? 503 : 200;
  return response;
}

// Another request is welcome.
http::Response Server::Ready() const {
  http::Response response =
      JsonResponse(json::Object{{"status", draining_ ? "stopping" : "ready"}});
  response.status = draining_ ? 503 : 200;
  return response;
}

http::Response Server::Manifest() const {
  json::Object manifest = options_.manifest.object();
  const AttentionWork work = engine_.Stats().attention;
  manifest.Set("profile", ProfileToJson(*options_.profile, engine_.context()));
  if (options_.prices) manifest.Set("prices", PricesToJson(*options_.prices));
  manifest.Set("attention_so_far", json::Object{{"rows", work.rows},
                                                {"sparse_rows", work.sparse_rows},
                                                {"keys_read", work.keys_read},
                                                {"keys_present", work.keys_present},
                                                {"index_keys_read", work.index_keys_read}});
  return JsonResponse(manifest);
}

http::Response Server::Metrics() const {
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
          .body = MetricsPage(engine_.Stats(), HttpCounts(), memory_.counts(), grammars_.counts(),
                              metrics_.Get(), quotas_.TotalsByName(kMostKeyLabels))};
}

void Server::NoteAnswer(const AnswerRecord& record) {
  metrics_.CountAnswer(record);
  if (!options_.access_log) return;
  options_.access_log(
      json::Dump(json::Object{{"event", "answer"},
                              {"time", UnixSeconds()},
                              {"id", record.id},
                              {"key", record.key},
                              {"model", record.model},
                              {"thinking", record.thinking},
                              {"ended_by_budget", record.usage.ended_by_budget},
                              {"ended_by_loop", record.usage.ended_by_loop},
                              {"stream", record.stream},
                              {"end", record.end},
                              {"prompt_tokens", record.usage.prompt_tokens},
                              {"cached_tokens", record.usage.cached_tokens},
                              {"completion_tokens", record.usage.completion_tokens},
                              {"reasoning_tokens", record.usage.reasoning_tokens},
                              {"first_token_us", Microseconds(record.first_token_seconds)},
                              {"us", Microseconds(record.seconds)},
                              {"own_us", Microseconds(record.own_seconds)}},
                 json::Style::kCompact));
}

void Server::NoteRequest(const http::RequestHead& head, const http::Served& served) {
  // Paths come from clients: only those that lead somewhere are told, and become labels.
  const http::Router::Match match = router_.Find(head);
  const std::string path = match.handler == nullptr ? "other"
                           : match.id.empty()       ? head.path
                           : IsPagePath(head.path)  ? "/assets/{id}"
                                                    : "/v1/models/{id}";
  metrics_.CountRequest(path, served.status);
  if (!options_.access_log) return;
  const auto holder = gate_.HolderOf(head);
  options_.access_log(
      json::Dump(json::Object{{"event", "request"},
                              {"time", UnixSeconds()},
                              {"client", head.client},
                              {"key", holder == nullptr ? "" : holder->name},
                              {"method", head.method},
                              {"path", path},
                              {"status", int64_t{served.status}},
                              {"bytes", served.bytes},
                              {"us", served.microseconds},
                              {"end", served.end == http::Served::End::kComplete     ? "complete"
                                      : served.end == http::Served::End::kClientGone ? "client_gone"
                                                                                     : "cut"}},
                 json::Style::kCompact));
}

// What the profile says where the server's owner has said nothing.
void SetByProfile(ApiOptions* options) {
  const Profile& profile = *options->profile;
  if (profile.always_thinks) options->thinking = true;
  options->defaults.max_tokens = std::min(options->defaults.max_tokens, profile.answer_tokens);
  const int64_t budget = profile.thinking_budget(options->models.context_tokens);
  if (budget > 0 && !options->limits.budget) options->limits.budget = budget;
  if (profile.name != kProfiles.front().name) options->models.profile = profile.name;
}

}  // namespace

Result<std::unique_ptr<ApiServer>> ApiServer::Start(ApiOptions options, EngineThread& engine,
                                                    const Tokenizer& tokenizer,
                                                    const KeyStore& keys) {
  FATHOM_RETURN_IF_ERROR(CheckChatTokens(tokenizer));
  options.models.context_tokens = engine.context();
  SetByProfile(&options);
  options.gate.bound_host = options.http.host;
  auto server = std::make_unique<Server>(std::move(options), engine, tokenizer, keys);
  FATHOM_RETURN_IF_ERROR(server->OpenUsageFile());
  FATHOM_RETURN_IF_ERROR(server->Listen());
  return std::unique_ptr<ApiServer>(std::move(server));
}

}  // namespace fathom::api
