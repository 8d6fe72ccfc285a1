// fathom_generation: a request in, events out.
#include <utility>

#include "agent/request_json.h"
#include "capi/boundary.h"
#include "capi/handles.h"
#include "json/parse.h"
#include "json/write.h"

namespace fathom::capi {
namespace {

constexpr size_t kEventSize = sizeof(fathom_event);  // in version 0.1
constexpr size_t kFiguresSize = sizeof(fathom_figures);

using Kind = GenerationEvent::Kind;

fathom_event_kind KindOf(Kind kind) {
  switch (kind) {
    case Kind::kReasoning:
      return FATHOM_EVENT_REASONING;
    case Kind::kContent:
      return FATHOM_EVENT_CONTENT;
    case Kind::kToolCall:
      return FATHOM_EVENT_TOOL_CALL;
    case Kind::kToolArguments:
      return FATHOM_EVENT_TOOL_ARGUMENTS;
    case Kind::kToolCallEnd:
      return FATHOM_EVENT_TOOL_CALL_END;
    case Kind::kToken:
      return FATHOM_EVENT_TOKEN;
    case Kind::kProgress:
      return FATHOM_EVENT_PROGRESS;
    case Kind::kEnd:
      return FATHOM_EVENT_END;
  }
  return FATHOM_EVENT_PROGRESS;
}

// The next event in the form of the API; its text lives in the handle.
Result<fathom_event> NextEvent(fathom_generation* generation) {
  FATHOM_ASSIGN_OR_RETURN(GenerationEvent event, generation->generation->Next());
  generation->text = std::move(event.text);
  return fathom_event{.struct_size = sizeof(fathom_event),
                      .kind = KindOf(event.kind),
                      .call = event.call,
                      .token = event.token,
                      .text = generation->text.c_str(),
                      .text_size = generation->text.size(),
                      .prompt_done = event.prompt_done,
                      .prompt_total = event.prompt_total};
}

Result<const GeneratedMessage*> AnswerOf(const fathom_generation* generation) {
  FATHOM_RETURN_IF_ERROR(CheckNotNull(generation, "generation"));
  const GeneratedMessage* answer = generation->generation->answer();
  if (answer == nullptr) return InvalidArgument("the generation's end has not been seen yet");
  return answer;
}

}  // namespace
}  // namespace fathom::capi

using namespace fathom;
using namespace fathom::capi;

extern "C" {

fathom_code fathom_generation_start(fathom_model* model, const char* request, size_t size,
                                    fathom_generation** out) {
  if (out != nullptr) *out = nullptr;
  return Boundary([&]() -> Status {
    FATHOM_RETURN_IF_ERROR(CheckNotNull(model, "model"));
    FATHOM_RETURN_IF_ERROR(CheckNotNull(request, "request"));
    FATHOM_RETURN_IF_ERROR(CheckNotNull(out, "out"));
    FATHOM_ASSIGN_OR_RETURN(const std::string_view text, TextOf(request, size, "request"));
    const Result<json::Value> value = json::Parse(text);
    if (!value.ok()) return value.status().At("request");
    FATHOM_ASSIGN_OR_RETURN(const TextRequest read,
                            RequestFromJson(*value, model->model->defaults(),
                                            UnknownFields::kRefuse, model->model->grammars()));
    FATHOM_ASSIGN_OR_RETURN(std::unique_ptr<Generation> generation,
                            Generation::Start(model->model, read));
    *out = new fathom_generation{std::move(generation), {}};
    return {};
  });
}

void fathom_generation_free(fathom_generation* generation) { delete generation; }

fathom_code fathom_generation_next(fathom_generation* generation, fathom_event* event) {
  return Boundary([&]() -> Status {
    FATHOM_RETURN_IF_ERROR(CheckNotNull(generation, "generation"));
    FATHOM_RETURN_IF_ERROR(CheckNotNull(event, "event"));
    FATHOM_RETURN_IF_ERROR(CheckSize(event->struct_size, kEventSize, "event"));
    FATHOM_ASSIGN_OR_RETURN(const fathom_event next, NextEvent(generation));
    return WriteSized(next, kEventSize, "event", event);
  });
}

fathom_code fathom_generation_run(fathom_generation* generation,
                                  int (*on_event)(const fathom_event* event, void* user),
                                  void* user) {
  return Boundary([&]() -> Status {
    FATHOM_RETURN_IF_ERROR(CheckNotNull(generation, "generation"));
    fathom_event event = {};
    while (event.kind != FATHOM_EVENT_END) {
      FATHOM_ASSIGN_OR_RETURN(event, NextEvent(generation));
      if (on_event != nullptr && on_event(&event, user) != 0) generation->generation->Cancel();
    }
    return {};
  });
}

void fathom_generation_cancel(fathom_generation* generation) {
  if (generation != nullptr) generation->generation->Cancel();
}

fathom_code fathom_generation_answer(const fathom_generation* generation, fathom_string* out) {
  if (out != nullptr) *out = {nullptr, 0};
  return Boundary([&]() -> Status {
    FATHOM_RETURN_IF_ERROR(CheckNotNull(out, "out"));
    FATHOM_ASSIGN_OR_RETURN(const GeneratedMessage* answer, AnswerOf(generation));
    *out = NewString(json::Dump(AnswerToJson(*answer), json::Style::kPython));
    return {};
  });
}

fathom_code fathom_generation_figures(const fathom_generation* generation, fathom_figures* out) {
  return Boundary([&]() -> Status {
    FATHOM_RETURN_IF_ERROR(CheckNotNull(out, "out"));
    FATHOM_ASSIGN_OR_RETURN(const GeneratedMessage* answer, AnswerOf(generation));
    const Usage& usage = answer->usage;
    const fathom_figures figures = {.struct_size = sizeof(fathom_figures),
                                    .prompt_tokens = usage.prompt_tokens,
                                    .cached_tokens = usage.cached_tokens,
                                    .completion_tokens = usage.completion_tokens,
                                    .prompt_seconds = usage.prompt_seconds,
                                    .completion_seconds = usage.completion_seconds,
                                    .seed = answer->seed};
    return WriteSized(figures, kFiguresSize, "out", out);
  });
}

}  // extern "C"
