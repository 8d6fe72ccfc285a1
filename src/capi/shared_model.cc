#include "capi/shared_model.h"

#include <exception>
#include <utility>

#include "runtime/open_engine.h"

namespace fathom::capi {

Result<std::shared_ptr<SharedModel>> SharedModel::Open(
    const ModelOptions& options,
    const std::function<Status(int64_t done, int64_t total)>& progress) {
  std::shared_ptr<SharedModel> shared(new SharedModel);
  int64_t total = 0;
  ByteProgress on_bytes;
  if (progress) on_bytes = [&](int64_t done) { return progress(done, total); };
  const auto on_plan = [&](const MemoryPlan& plan) { total = plan.weights; };
  FATHOM_ASSIGN_OR_RETURN(shared->model_, OpenModel(options, on_plan, on_bytes));
  FATHOM_ASSIGN_OR_RETURN(shared->tokenizer_, OpenTokenizerOf(*shared->model_));
  shared->engine_ = MakeEngine(*shared->model_, *shared->tokenizer_, options.sequences);
  FATHOM_ASSIGN_OR_RETURN(shared->text_, TextEngine::Create(*shared->engine_, *shared->tokenizer_));
  shared->defaults_ = DefaultParams(shared->model_->checkpoint.generation);
  return shared;
}

Result<WorkCounters> SharedModel::Work() {
  const Turn turn(*this);
  FATHOM_RETURN_IF_ERROR(turn.status());
  return model_->backend->counters();
}

SharedModel::Turn::Turn(SharedModel& model)
    : model_(model), exceptions_(std::uncaught_exceptions()) {
  std::unique_lock lock(model_.mutex_);
  const uint64_t ticket = model_.next_ticket_++;
  model_.served_.wait(lock, [&] { return model_.serving_ == ticket; });
}

SharedModel::Turn::~Turn() {
  {
    const std::lock_guard lock(model_.mutex_);
    if (std::uncaught_exceptions() > exceptions_) model_.broken_ = true;
    ++model_.serving_;
  }
  model_.served_.notify_all();
}

Status SharedModel::Turn::status() const {
  const std::lock_guard lock(model_.mutex_);
  if (!model_.broken_) return {};
  return Internal("an earlier step of this model broke off, by lack of memory; open it again");
}

TextCallbacks Generation::CallbacksInto(const std::shared_ptr<Inbox>& inbox) {
  using Kind = GenerationEvent::Kind;
  TextCallbacks callbacks;
  callbacks.on_token = [inbox](int32_t token) {
    const std::lock_guard lock(inbox->mutex);
    inbox->events.push_back({.kind = Kind::kToken, .token = token});
  };
  callbacks.on_event = [inbox](const chat::StreamEvent& event) {
    if (event.kind == chat::EventKind::kEnd) return;  // the engine's end is still to come
    const std::lock_guard lock(inbox->mutex);
    // The first kinds are the parser's own, in its order.
    inbox->events.push_back(
        {.kind = static_cast<Kind>(event.kind), .call = event.call, .text = event.text});
  };
  callbacks.on_progress = [inbox](const RequestProgress& progress) {
    const std::lock_guard lock(inbox->mutex);
    inbox->progress = progress;
  };
  callbacks.on_done = [inbox](const GeneratedMessage& answer) {
    const std::lock_guard lock(inbox->mutex);
    inbox->answer = answer;
    inbox->events.push_back({.kind = Kind::kEnd, .text = std::string(Name(answer.end.reason))});
  };
  return callbacks;
}

static_assert(int(GenerationEvent::Kind::kReasoning) == int(chat::EventKind::kReasoning) &&
              int(GenerationEvent::Kind::kContent) == int(chat::EventKind::kContent) &&
              int(GenerationEvent::Kind::kToolCall) == int(chat::EventKind::kToolCall) &&
              int(GenerationEvent::Kind::kToolArguments) == int(chat::EventKind::kToolArguments) &&
              int(GenerationEvent::Kind::kToolCallEnd) == int(chat::EventKind::kToolCallEnd));

Result<std::unique_ptr<Generation>> Generation::Start(std::shared_ptr<SharedModel> model,
                                                      const TextRequest& request) {
  std::unique_ptr<Generation> generation(new Generation(std::move(model)));
  TextCallbacks callbacks = CallbacksInto(generation->inbox_);
  SharedModel::Turn turn(*generation->model_);
  FATHOM_RETURN_IF_ERROR(turn.status());
  FATHOM_ASSIGN_OR_RETURN(generation->id_, turn.engine().Submit(request, std::move(callbacks)));
  return generation;
}

Generation::~Generation() {
  if (id_ == 0 || end_) return;  // never began, or the engine has forgotten it
  SharedModel::Turn turn(*model_);
  if (turn.status().ok()) turn.engine().Cancel(id_);
}

Result<GenerationEvent> Generation::Next() {
  if (end_) {
    if (const Status& status = inbox_->answer->status; !status.ok()) return status;
    return *end_;
  }
  std::optional<GenerationEvent> event = TakeEvent();
  if (!event) {
    FATHOM_RETURN_IF_ERROR(RunStep());
    event = TakeEvent();
  }
  if (!event) {
    const std::lock_guard lock(inbox_->mutex);
    const RequestProgress& progress = inbox_->progress;
    return GenerationEvent{.prompt_done = progress.computed_tokens,
                           .prompt_total = progress.prompt_tokens};
  }
  if (event->kind != GenerationEvent::Kind::kEnd) return *std::move(event);
  end_ = *std::move(event);
  return Next();
}

// A step, unless one of another thread brought something while this one waited for its turn.
Status Generation::RunStep() {
  SharedModel::Turn turn(*model_);
  FATHOM_RETURN_IF_ERROR(turn.status());
  {
    const std::lock_guard lock(inbox_->mutex);
    if (!inbox_->events.empty()) return {};
  }
  if (cancel_) turn.engine().Cancel(id_);
  turn.engine().Step();
  return {};
}

std::optional<GenerationEvent> Generation::TakeEvent() {
  const std::lock_guard lock(inbox_->mutex);
  if (inbox_->events.empty()) return std::nullopt;
  GenerationEvent event = std::move(inbox_->events.front());
  inbox_->events.pop_front();
  return event;
}

const GeneratedMessage* Generation::answer() const { return end_ ? &*inbox_->answer : nullptr; }

}  // namespace fathom::capi
