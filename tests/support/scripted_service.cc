#include "support/scripted_service.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "api/model_aliases.h"
#include "chat/dsml.h"
#include "support/scripted_engine.h"

namespace fathom::test {

Result<std::unique_ptr<ScriptedService>> ScriptedService::Start(ScriptedServiceOptions options) {
  auto service = std::make_unique<ScriptedService>();
  FATHOM_ASSIGN_OR_RETURN(Tokenizer tokenizer, Tokenizer::Load(options.tokenizer));
  service->tokenizer = std::make_unique<Tokenizer>(std::move(tokenizer));
  ScriptedEngineOptions engine;
  engine.context = options.context;
  engine.step_tokens = 256;
  engine.logit_rows = options.max_running;
  engine.pages = options.pages;
  engine.vocab_size =
      std::max<int64_t>(options.vocab_size, service->tokenizer->vocabulary().id_limit());
  engine.engine.max_running = options.max_running;
  engine.engine.eos_ids = {*service->tokenizer->TokenId(chat::kEos)};
  service->model =
      MakeScriptedModel(engine, ChatScript(*service->tokenizer, std::move(options.lines)));
  if (options.rows) service->model->WriteRows(options.rows(*service->tokenizer));
  if (options.on_step) service->model->OnStep(std::move(options.on_step));
  service->keys = std::make_unique<api::KeyStore>(std::move(options.keys));
  service->engine =
      std::make_unique<EngineThread>(MakeScriptedEngine(*service->model, engine.engine),
                                     EngineThreadOptions{.max_waiting = options.max_waiting});
  FATHOM_ASSIGN_OR_RETURN(options.api.models,
                          api::MakeServedModels({"scripted"}, api::kDefaultAliases));
  if (!options.api.manifest.is_object()) options.api.manifest = json::Object{};
  FATHOM_ASSIGN_OR_RETURN(service->server,
                          api::ApiServer::Start(std::move(options.api), *service->engine,
                                                *service->tokenizer, *service->keys));
  return service;
}

int ServeUntilInputEnds(const Result<std::unique_ptr<ScriptedService>>& service) {
  if (!service.ok()) {
    fmt::print(stderr, "error: {}\n", service.status().message());
    return 1;
  }
  fmt::print("http://127.0.0.1:{}\n", (*service)->server->port());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}

}  // namespace fathom::test
