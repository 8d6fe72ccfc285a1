// One model, any number of threads that generate with it.
//
// The engine runs on whichever thread wants its generation's next event: that thread takes its
// turn, runs one step, and leaves what the step brought in the inboxes of all generations. Turns
// are served in the order they were asked for, so no generation waits for more than one step of
// each other. There is no thread of our own, and nothing runs that nobody waits for.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "agent/text_engine.h"
#include "base/status.h"
#include "engine/engine.h"
#include "runtime/open_model.h"
#include "sampling/sampling_params.h"
#include "tokenizer/tokenizer.h"

namespace fathom::capi {

// Threads: any.
class SharedModel {
 public:
  // `options.sequences` generations share the steps. `progress` is told the bytes that were read
  // and their total.
  static Result<std::shared_ptr<SharedModel>> Open(
      const ModelOptions& options,
      const std::function<Status(int64_t done, int64_t total)>& progress);

  const Tokenizer& tokenizer() const { return *tokenizer_; }
  int64_t context() const { return engine_->context(); }
  // What the model's makers recommend.
  const SamplingParams& defaults() const { return defaults_; }
  GrammarCache& grammars() { return text_->grammars(); }

  // Waits for the step that runs now.
  Result<WorkCounters> Work();

  // A turn: the engine alone, for as long as the object lives. A thread that leaves by an
  // exception breaks the model, since what the step had done is not known then.
  class Turn {
   public:
    explicit Turn(SharedModel& model);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    // Not ok: the model is broken.
    Status status() const;
    TextEngine& engine() { return *model_.text_; }

   private:
    SharedModel& model_;
    int exceptions_;
  };

 private:
  SharedModel() = default;

  std::unique_ptr<LoadedModel> model_;
  std::optional<Tokenizer> tokenizer_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<TextEngine> text_;
  SamplingParams defaults_;

  std::mutex mutex_;
  std::condition_variable served_;
  uint64_t next_ticket_ = 0;  // under mutex_, as the two below
  uint64_t serving_ = 0;
  bool broken_ = false;
};

struct GenerationEvent {
  enum class Kind {
    kReasoning,
    kContent,
    kToolCall,
    kToolArguments,
    kToolCallEnd,
    kToken,
    kProgress,
    kEnd
  };
  Kind kind = Kind::kProgress;
  int call = -1;
  int32_t token = -1;
  std::string text = {};
  int64_t prompt_done = 0;
  int64_t prompt_total = 0;
};

// Threads: one at a time; Cancel from any.
class Generation {
 public:
  static Result<std::unique_ptr<Generation>> Start(std::shared_ptr<SharedModel> model,
                                                   const TextRequest& request);
  ~Generation();

  // The next event, after at most one step. The end, once seen, is returned again and again; so is
  // a failure of the engine.
  Result<GenerationEvent> Next();

  void Cancel() { cancel_ = true; }

  // Null until the end was returned.
  const GeneratedMessage* answer() const;

 private:
  // What steps on any thread leave here. It outlives the generation while the engine knows it.
  struct Inbox {
    std::mutex mutex;
    std::deque<GenerationEvent> events;
    RequestProgress progress;
    std::optional<GeneratedMessage> answer;
  };

  explicit Generation(std::shared_ptr<SharedModel> model) : model_(std::move(model)) {}

  static TextCallbacks CallbacksInto(const std::shared_ptr<Inbox>& inbox);
  Status RunStep();
  std::optional<GenerationEvent> TakeEvent();

  std::shared_ptr<SharedModel> model_;
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  RequestId id_ = 0;
  std::atomic<bool> cancel_ = false;
  std::optional<GenerationEvent> end_;
};

}  // namespace fathom::capi
