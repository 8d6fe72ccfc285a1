// The generations of one request, from their submission to the last byte of the answer: what all
// APIs have in common. What the tokens mean and how they are told is a derived class's.
//
// Tokens are taken and told on the workers; the engine's thread only says that some are there. A
// run keeps itself until the engine is done with all its generations, whether or not the client
// stays; a client that leaves takes its generations with it. A run whose answer takes several
// generations one after the other (GoOn) is one request all the same: admitted, recorded, counted
// and cut off as one.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/answer_guide.h"
#include "agent/grammar_cache.h"
#include "agent/text_generation.h"
#include "api/answer_writer.h"
#include "api/keys.h"
#include "api/live_runs.h"
#include "api/openai_models.h"
#include "api/prices.h"
#include "api/profile.h"
#include "api/quotas.h"
#include "api/turn_memory.h"
#include "base/clock.h"
#include "base/status.h"
#include "engine/engine_thread.h"
#include "http/exchange.h"
#include "json/value.h"
#include "parallel/task_queue.h"
#include "tokenizer/tokenizer.h"

namespace fathom::api {

// What one finished request cost, for the access log and the counters.
struct AnswerRecord {
  std::string id;
  std::string key;    // the holder's name
  std::string model;  // as the client named it
  bool thinking = false;
  bool stream = false;
  std::string end;  // "stop", "tool_calls", …, "gone", "error", "refused"
  AnswerUsage usage;
  double first_token_seconds = 0;  // from the request's arrival; 0 without a token
  double seconds = 0;              // to its end
  double own_seconds = 0;          // of our own code, model and waiting apart
};

// Whatever answers need; all of it outlives them.
struct AnswerParts {
  EngineThread& engine;
  const Tokenizer& tokenizer;
  TaskQueue& workers;
  TurnMemory& memory;
  KeyUse& use;
  Quotas& quotas;
  LiveRuns& live;
  const ServedModels& models;
  bool thinking = false;  // the mode of names that stand for none
  const Profile& profile = kProfiles.front();
  std::shared_ptr<const AnswerTokens> answer_tokens;
  GrammarCache& grammars;
  ThinkingLimits limits;                               // of requests and keys that name none
  const Prices* prices = nullptr;                      // null: answers carry no cost
  bool share_cache = false;                            // prefixes are found across key holders
  std::function<void(const AnswerRecord&)> on_answer;  // any worker; may be empty
  // Takes a line of request_record.h for every request; any worker; may be empty.
  std::function<void(const std::string& line)> on_record = nullptr;
  bool record_words = false;
};

// Who asked, and where the answer goes.
struct Caller {
  std::shared_ptr<http::Exchange> exchange;
  std::shared_ptr<const KeyHolder> holder;
};

// Counts a request that begins. False when the holder's limits forbid it: then it is answered.
bool Admit(const AnswerParts& parts, const Caller& caller);
// How the caller's limits stand, for the head of a response.
void AddRateHeaders(const AnswerParts& parts, const KeyHolder& holder, http::Response* response);
// An admitted request that did not become a run: answered, and no longer counted.
void Refuse(const AnswerParts& parts, const Caller& caller, const Status& status);

// What a generation was asked and what it gave, for the record of its request.
struct RecordedGeneration {
  std::vector<int32_t> prompt;
  SamplingParams sampling;  // its seed is the one that was drawn with, once that is known
  std::vector<int32_t> tokens = {};
  std::optional<FinishReason> finish = {};  // nothing: it was not over when the answer was
  double queue_seconds = 0;
};

class GenerationRun : public std::enable_shared_from_this<GenerationRun> {
 public:
  // The caller is admitted.
  GenerationRun(const AnswerParts& parts, Caller caller, AnswerHead head, bool stream);
  virtual ~GenerationRun();

  // Submits every request or none; a failure has been answered. Whose they are is filled in here.
  void Start(std::vector<GenerateRequest> requests);
  // Instead of Start. `retry_seconds` is for kResourceExhausted.
  void Refused(const Status& status, double retry_seconds = 1);

  // Writes a comment to a stream that has said nothing for so long. Any thread.
  void KeepAlive(double silent_seconds);
  // Ends the answer when it has taken longer: as one that was cut off, with what there is of it.
  // Any thread.
  void EndAfter(double seconds);

 protected:
  // What the derived class does with a generation, by its index among the requests. All under the
  // lock; `out` collects the bytes of a stream.
  virtual void Begin(std::string* out) = 0;
  virtual void Take(size_t index, const TokenEvent& event, std::string* out) = 0;
  // The text ended before the engine knew.
  virtual bool EndedEarly(size_t index) const = 0;
  virtual void End(size_t index, std::string* out) = 0;
  virtual void Finish(const AnswerUsage& usage, std::string* out) = 0;
  virtual void Fail(const Status& status, std::string* out) = 0;
  virtual json::Value Whole(const AnswerUsage& usage) = 0;
  virtual std::string_view EndName() const = 0;  // of the first generation
  virtual AnswerUsage Usage() const = 0;         // without the cost
  virtual const std::vector<std::string>& StopStrings() const = 0;
  // Everything that was submitted has ended. True: the run is not over, because it has submitted
  // more (SubmitNext) or waits for something that will Wake it; then this is asked again. An error
  // fails the answer.
  virtual Result<bool> GoOn(std::string* out);
  // Nothing more will be said, whether or not everything has ended.
  virtual void Closed() {}

  // In GoOn: one more generation, whose index follows the last one's.
  Status SubmitNext(GenerateRequest request);
  // A worker looks what there is to do. Any thread.
  void Wake();
  bool out_of_time() const { return out_of_time_; }

  const AnswerParts& parts() const { return parts_; }
  const AnswerHead& head() const { return head_; }
  const KeyHolder& holder() const { return *caller_.holder; }
  bool streams() const { return stream_wanted_; }

 private:
  struct Generation {
    std::shared_ptr<TokenStream> tokens;
    bool cancelled = false;  // by us, because its text ended
  };

  Status Submit(GenerateRequest request);
  Status HoldCost(std::span<const GenerateRequest> requests, int64_t prompt_tokens,
                  double* retry_seconds);
  void Charge(const AnswerUsage& usage);
  void Release();
  void Open();
  void Work();
  bool GoesOn(std::string* out);
  void TakeAll(size_t index, std::string* out);
  void Conclude(size_t index, const TokenEvent& last, std::string* out);
  void FinishAll(std::string* out);
  http::Response Failure(const Status& status) const;
  void FailAll(const Status& status, std::string* out);
  void CancelAll();
  void Send(std::string* out);
  void Close(std::string_view end);
  void Record(size_t index, const TokenEvent& event);

  const AnswerParts& parts_;
  const Caller caller_;
  const AnswerHead head_;
  const bool stream_wanted_;
  const Stopwatch watch_;
  std::atomic<int> wakes_ = 0;
  std::atomic<bool> gone_ = false, out_of_time_ = false;
  std::atomic<bool> released_ = false;  // no longer counts as a request that runs

  std::mutex ids_mutex_;        // held only for a moment, under the other one too
  std::vector<RequestId> ids_;  // of the engine

  std::mutex mutex_;  // of what follows, and of the derived class's members
  std::vector<Generation> generations_;
  std::vector<RecordedGeneration> recorded_;  // as many where a record is kept, else none
  std::shared_ptr<http::ResponseStream> stream_;
  std::optional<QuotaHold> hold_;       // until it is settled
  std::optional<AnswerUsage> charged_;  // what has been
  bool ran_ = false;                    // the engine has begun one of them
  size_t ended_ = 0;                    // generations that the engine is done with
  bool closed_ = false;                 // nothing more is to be said
  double first_token_seconds_ = 0, own_seconds_ = 0;
  double said_seconds_ = 0;              // when the stream last got something
  std::shared_ptr<GenerationRun> self_;  // until every generation has ended
};

// Adds what the model said in an answer; its prompt is the caller's to count, since answers may
// share one.
void AddSaid(const GeneratedMessage& answer, AnswerUsage* usage);

TokenInfo MakeTokenInfo(const Vocabulary& vocabulary, int32_t token, const Logprobs& logprobs);

// Seconds of a clock that only goes forward, for KeyUse and TurnMemory.
double SteadySeconds();
int64_t UnixSeconds();
inline QuotaTime QuotaNow() {
  return {.unix_seconds = UnixSeconds(), .steady_seconds = SteadySeconds()};
}

}  // namespace fathom::api
