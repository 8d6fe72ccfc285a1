#include "api/generation_run.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "api/errors.h"
#include "api/rate_headers.h"
#include "api/request_record.h"
#include "api/sse.h"
#include "base/log.h"
#include "json/write.h"

namespace fathom::api {
namespace {

Dialect CallersDialect(const Caller& caller) {
  return DialectOf(caller.exchange->request().head.path);
}

constexpr double kWorthWaitingSeconds = 600;

// A day at most: what a quota of a day may have to wait for.
void AddRetryAfter(double seconds, http::Response* response) {
  response->headers.Add("Retry-After",
                        fmt::format("{:.0f}", std::clamp(std::ceil(seconds), 1.0, 86'400.0)));
  // Clients that know this tell their user at once, instead of waiting for tomorrow.
  if (seconds > kWorthWaitingSeconds) response->headers.Add("X-Should-Retry", "false");
}

}  // namespace

double SteadySeconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

int64_t UnixSeconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

void AddSaid(const GeneratedMessage& answer, AnswerUsage* usage) {
  usage->completion_tokens += answer.usage.completion_tokens;
  usage->reasoning_tokens += answer.usage.reasoning_tokens;
  usage->ended_by_budget += answer.thinking_end == ThinkingEnd::kBudget ? 1 : 0;
  usage->ended_by_loop += answer.thinking_end == ThinkingEnd::kLoop ? 1 : 0;
}

TokenInfo MakeTokenInfo(const Vocabulary& vocabulary, int32_t token, const Logprobs& logprobs) {
  TokenInfo info;
  info.bytes = vocabulary.Bytes(token);
  info.logprob = logprobs.chosen;
  for (const TokenLogprob& other : logprobs.top) {
    info.top.push_back({std::string(vocabulary.Bytes(other.token)), other.logprob});
  }
  return info;
}

bool Admit(const AnswerParts& parts, const Caller& caller) {
  double retry_seconds = 0;
  Status status = parts.use.Begin(*caller.holder, SteadySeconds(), &retry_seconds);
  if (status.ok()) {
    status = parts.quotas.Check(*caller.holder, QuotaNow(), &retry_seconds);
    if (status.ok()) return true;
    parts.use.End(*caller.holder);
  }
  http::Response response = ErrorResponse(CallersDialect(caller), status);
  AddRetryAfter(retry_seconds, &response);
  AddRateHeaders(parts, *caller.holder, &response);
  caller.exchange->Send(std::move(response));
  return false;
}

void AddRateHeaders(const AnswerParts& parts, const KeyHolder& holder, http::Response* response) {
  AddRateHeaders(parts.use.Requests(holder, SteadySeconds()),
                 parts.quotas.States(holder, QuotaNow()), &response->headers);
}

void Refuse(const AnswerParts& parts, const Caller& caller, const Status& status) {
  parts.use.End(*caller.holder);
  if (parts.on_record) {
    AnswerRecord record;
    record.end = "refused";
    const http::Request& request = caller.exchange->request();
    parts.on_record(
        RecordLine(record, request.head.path, request.body, {}, {}, parts.record_words));
  }
  caller.exchange->Send(ErrorResponse(CallersDialect(caller), status));
}

GenerationRun::GenerationRun(const AnswerParts& parts, Caller caller, AnswerHead head, bool stream)
    : parts_(parts), caller_(std::move(caller)), head_(std::move(head)), stream_wanted_(stream) {}

GenerationRun::~GenerationRun() {
  Charge({});  // of what never began
  Release();
  parts_.live.Leave(this);  // last: a server that ends waits for this
}

void GenerationRun::Start(std::vector<GenerateRequest> requests) {
  const Stopwatch own;
  const std::lock_guard lock(mutex_);  // tokens that come meanwhile wait
  if (!parts_.live.Join(this)) return Refused(Cancelled("the server is stopping"));
  double retry_seconds = 0;
  const auto first = static_cast<int64_t>(requests.front().prompt.size());
  if (const Status status =
          HoldCost(requests, std::max(head_.prompt_tokens, first), &retry_seconds);
      !status.ok()) {
    return Refused(status, retry_seconds);
  }
  self_ = shared_from_this();
  for (GenerateRequest& request : requests) {
    const Status status = Submit(std::move(request));
    if (status.ok()) continue;
    CancelAll();
    self_ = nullptr;  // what was submitted ends unheard
    return Refused(status, parts_.engine.EstimatedWait());
  }
  Open();
  own_seconds_ += own.seconds();
}

// Before the last byte: a client that waits for it and then asks again is one at a time.
void GenerationRun::Release() {
  if (!released_.exchange(true)) parts_.use.End(holder());
}

void GenerationRun::Refused(const Status& status, double retry_seconds) {
  Release();
  http::Response response = Failure(status);
  if (status.code() == Code::kResourceExhausted) {
    AddRetryAfter(retry_seconds, &response);
    AddRateHeaders(parts_, holder(), &response);
  }
  caller_.exchange->Send(std::move(response));
  Close("refused");
}

// The most that they can cost: no token found in the cache, and every answer as long as it may be.
Status GenerationRun::HoldCost(std::span<const GenerateRequest> requests, int64_t prompt_tokens,
                               double* retry_seconds) {
  int64_t answer_tokens = 0;
  for (const GenerateRequest& request : requests) {
    const int64_t room = parts_.engine.context() - static_cast<int64_t>(request.prompt.size());
    answer_tokens += std::clamp<int64_t>(room, 0, request.sampling.max_tokens);
  }
  FATHOM_ASSIGN_OR_RETURN(
      hold_, parts_.quotas.Hold(holder(), prompt_tokens, answer_tokens, QuotaNow(), retry_seconds));
  return {};
}

// What the engine worked since the last time is paid for, whether or not somebody heard it.
void GenerationRun::Charge(const AnswerUsage& usage) {
  if (!hold_) return;
  Spending spent;
  if (ran_) {
    const AnswerUsage before = charged_.value_or(AnswerUsage());
    spent = {.requests = charged_ ? 0 : 1,
             .prompt_tokens = usage.prompt_tokens - before.prompt_tokens,
             .cached_tokens = usage.cached_tokens - before.cached_tokens,
             .completion_tokens = usage.completion_tokens - before.completion_tokens};
    charged_ = usage;
  }
  parts_.quotas.Settle(holder(), *hold_, spent, QuotaNow());
  hold_.reset();
}

// A request of its own to the quotas: one that goes on for long must not overrun them.
Status GenerationRun::SubmitNext(GenerateRequest request) {
  double retry_seconds = 0;
  FATHOM_RETURN_IF_ERROR(
      HoldCost({&request, 1}, static_cast<int64_t>(request.prompt.size()), &retry_seconds));
  return Submit(std::move(request));
}

Status GenerationRun::Submit(GenerateRequest request) {
  request.priority = static_cast<int>(holder().priority);
  request.user = holder().scope;
  request.cache_scope = parts_.share_cache ? 1 : holder().scope;
  if (parts_.on_record) recorded_.push_back({request.prompt, request.sampling});
  FATHOM_ASSIGN_OR_RETURN(auto tokens,
                          parts_.engine.Submit(std::move(request), [weak = weak_from_this()] {
                            if (const auto run = weak.lock()) run->Wake();
                          }));
  const RequestId id = tokens->id();
  generations_.push_back({std::move(tokens)});
  {
    const std::lock_guard lock(ids_mutex_);
    ids_.push_back(id);
  }
  // Who left just before has cancelled what there was then.
  if (gone_) parts_.engine.Cancel(id);
  return {};
}

void GenerationRun::Open() {
  std::string out;
  if (stream_wanted_) {
    http::Response head = {.content_type = std::string(kEventStreamType)};
    head.headers.Add("Cache-Control", "no-store");
    head.headers.Add("X-Request-Id", head_.id);
    AddRateHeaders(parts_, holder(), &head);
    stream_ = caller_.exchange->StartStream(std::move(head));
  }
  Begin(&out);
  Send(&out);
  // This may be called at once, and by us: what it does needs no lock that we hold.
  caller_.exchange->OnGone([weak = weak_from_this()] {
    if (const auto run = weak.lock()) {
      run->gone_ = true;
      run->CancelAll();
      run->Wake();
    }
  });
}

// The engine's thread calls this, among others: quick.
void GenerationRun::Wake() {
  if (wakes_.fetch_add(1) > 0) return;  // a worker is at it, and looks again
  parts_.workers.Post([run = shared_from_this()] { run->Work(); });
}

void GenerationRun::Work() {
  for (int seen = wakes_.load(); seen > 0; seen = wakes_.fetch_sub(seen) - seen) {
    const Stopwatch own;
    std::shared_ptr<GenerationRun> last;  // goes after the lock
    const std::lock_guard lock(mutex_);
    std::string out;
    for (size_t i = 0; i < generations_.size(); ++i) TakeAll(i, &out);
    bool over = ended_ == generations_.size();
    if (over && !closed_) over = !GoesOn(&out);
    if (over) Release();
    if (over && !closed_) FinishAll(&out);
    Send(&out);
    own_seconds_ += own.seconds();
    if (over || (closed_ && ended_ == generations_.size())) {
      Close(EndName());
      Charge(Usage());
      last = std::move(self_);
    }
  }
}

// False: it is over, or closed.
bool GenerationRun::GoesOn(std::string* out) {
  if (gone_) {
    Close("gone");
    return false;
  }
  Charge(Usage());
  const Result<bool> more = GoOn(out);
  if (more.ok()) return *more;
  FailAll(more.status(), out);
  return false;
}

Result<bool> GenerationRun::GoOn(std::string*) { return false; }

void GenerationRun::TakeAll(size_t index, std::string* out) {
  Generation& generation = generations_[index];
  for (const TokenEvent& event : generation.tokens->Take()) {
    ran_ = ran_ || event.token || event.queue_seconds > 0;
    if (first_token_seconds_ == 0 && event.token) first_token_seconds_ = watch_.seconds();
    if (!closed_ && parts_.on_record) Record(index, event);
    if (!closed_) Take(index, event, out);
    if (!generation.cancelled && EndedEarly(index)) {
      generation.cancelled = true;
      parts_.engine.Cancel(generation.tokens->id());
    }
    if (event.finish) Conclude(index, event, out);
  }
}

void GenerationRun::Conclude(size_t index, const TokenEvent& last, std::string* out) {
  ++ended_;
  if (closed_) return;
  if (gone_) return Close("gone");
  if (!last.status.ok()) return FailAll(last.status, out);
  const bool wanted = generations_[index].cancelled || out_of_time_;
  if (last.finish == FinishReason::kCancelled && !wanted) {
    return FailAll(Cancelled("the server is stopping"), out);
  }
  End(index, out);
}

void GenerationRun::FinishAll(std::string* out) {
  AnswerUsage usage = Usage();
  Charge(usage);  // before the client can ask again
  if (parts_.prices != nullptr) {
    usage.cost =
        parts_.prices->Cost(usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens);
  }
  if (stream_ != nullptr) {
    Finish(usage, out);
    Send(out);
    if (!closed_) stream_->Finish();
    return;
  }
  http::Response response;
  response.headers.Add("X-Request-Id", head_.id);
  AddRateHeaders(parts_, holder(), &response);
  response.body = json::Dump(Whole(usage), json::Style::kCompact);
  caller_.exchange->Send(std::move(response));
}

// It was not the client who gave up, so 499 would be wrong.
http::Response GenerationRun::Failure(const Status& status) const {
  const Dialect dialect = CallersDialect(caller_);
  return status.code() == Code::kCancelled ? ErrorResponse(dialect, 503, status.message())
                                           : ErrorResponse(dialect, status);
}

void GenerationRun::FailAll(const Status& status, std::string* out) {
  // Of a failure of our own the client learns only that.
  if (HttpStatus(status.code()) == 500) LogWarning("{}: {}", head_.id, status.message());
  if (ended_ == generations_.size()) Release();
  if (stream_ != nullptr) {
    Fail(status, out);
    Send(out);
    if (!closed_) stream_->Finish();
  } else {
    caller_.exchange->Send(Failure(status));
  }
  Close("error");
  if (ended_ < generations_.size()) CancelAll();  // the others
}

void GenerationRun::CancelAll() {
  const std::lock_guard lock(ids_mutex_);
  for (const RequestId id : ids_) parts_.engine.Cancel(id);
}

void GenerationRun::Send(std::string* out) {
  if (out->empty() || closed_) return;
  const auto taken = stream_->Write(std::move(*out));
  out->clear();
  said_seconds_ = watch_.seconds();
  if (taken == http::ResponseStream::Taken::kYes) return;
  Close("gone");
  CancelAll();
}

void GenerationRun::KeepAlive(double silent_seconds) {
  const std::lock_guard lock(mutex_);
  if (stream_ == nullptr || closed_ || watch_.seconds() - said_seconds_ < silent_seconds) return;
  std::string out(kSseKeepAlive);
  Send(&out);
  if (closed_) Wake();  // nobody reads: what waits for no generation ends too
}

void GenerationRun::EndAfter(double seconds) {
  if (watch_.seconds() < seconds || out_of_time_.exchange(true)) return;
  const std::lock_guard lock(mutex_);  // so that all of them are submitted
  CancelAll();
  Wake();
}

void GenerationRun::Record(size_t index, const TokenEvent& event) {
  RecordedGeneration& recorded = recorded_[index];
  recorded.sampling.seed = event.seed;
  recorded.queue_seconds = event.queue_seconds;
  recorded.finish = event.finish;
  if (event.token) recorded.tokens.push_back(event.token->token);
}

// Nothing more is said; what it cost is told once.
void GenerationRun::Close(std::string_view end) {
  if (std::exchange(closed_, true)) return;
  Closed();
  const AnswerRecord record = {.id = head_.id,
                               .key = holder().name,
                               .model = head_.model,
                               .thinking = head_.thinking,
                               .stream = stream_wanted_,
                               .end = std::string(end),
                               .usage = Usage(),
                               .first_token_seconds = first_token_seconds_,
                               .seconds = watch_.seconds(),
                               .own_seconds = own_seconds_};
  if (parts_.on_answer) parts_.on_answer(record);
  if (!parts_.on_record) return;
  const http::Request& request = caller_.exchange->request();
  parts_.on_record(RecordLine(record, request.head.path, request.body, StopStrings(), recorded_,
                              parts_.record_words));
}

}  // namespace fathom::api
