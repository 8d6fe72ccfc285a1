// An answer in an API's words: as server-sent events while it is made, or whole.
//
// The shared path (answer.h) drives a writer with what the model says; a writer turns that into
// bytes and knows neither tokens' ids nor the engine. One writer serves one request, one thread at
// a time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/answer_guide.h"
#include "base/status.h"
#include "chat/conversation.h"
#include "chat/stream_event.h"
#include "json/value.h"

namespace fathom::api {

// Known before the first token.
struct AnswerHead {
  std::string id;         // "chatcmpl-…", "resp_…", "msg_…": 128 random bits
  int64_t created = 0;    // Unix seconds
  std::string model;      // the name that the client used
  bool thinking = false;  // the mode that is really used
  int64_t prompt_tokens = 0;
  bool want_logprobs = false;
};

struct AnswerUsage {
  int64_t prompt_tokens = 0;
  int64_t cached_tokens = 0;      // of the prompt, found in the cache
  int64_t completion_tokens = 0;  // of all choices
  int64_t reasoning_tokens = 0;   // of completion_tokens
  std::optional<double> cost;     // in the currency of the price file, when there is one
  // Choices whose reasoning was ended for them, at its budget or because it looped.
  int64_t ended_by_budget = 0, ended_by_loop = 0;
};

// A token with its log-probability, as text: what OpenAI reports.
struct TokenInfo {
  std::string bytes;  // may be half a character
  double logprob = 0;
  struct Other {
    std::string bytes;
    double logprob = 0;
  };
  std::vector<Other> top;  // likeliest first
};

// One choice when it is complete.
struct FinishedAnswer {
  chat::Message message;                   // calls with their ids
  chat::StreamEnd end;                     // why it ended, and what was repaired
  std::optional<std::string> stop_string;  // the one that ended it, for APIs that say which
  // Began and never ended, with its id; its arguments are the beginning of an object. A stream has
  // told it already.
  std::optional<chat::ToolCall> cut_call;
  std::vector<TokenInfo> tokens;                    // with want_logprobs
  ThinkingEnd thinking_end = ThinkingEnd::kItself;  // told where it was not the model
  bool json_mended = false;  // the content had to be mended to be the JSON that was asked for
};

class AnswerWriter {
 public:
  virtual ~AnswerWriter() = default;

  // A stream: Begin, then for every choice any number of Add and one End, choices mixed in any
  // order, then Finish; or Fail at any point instead, which is the last call. Each appends whole
  // events to `out`.
  virtual void Begin(const AnswerHead& head, std::string* out) = 0;
  // Once, before the first End and Finish: how much of the prompt was found in the cache. What a
  // forced call opens with may have been added before.
  virtual void PromptFound(int64_t /*cached_tokens*/, std::string* /*out*/) {}
  // `events` of one choice in order, none of them kEnd. `call_ids` holds the id of every call that
  // the choice has begun so far, by StreamEvent::call. `tokens` brought the events; empty without
  // want_logprobs.
  virtual void Add(int choice, std::span<const chat::StreamEvent> events,
                   std::span<const std::string> call_ids, std::span<const TokenInfo> tokens,
                   std::string* out) = 0;
  virtual void End(int choice, const FinishedAnswer& answer, std::string* out) = 0;
  virtual void Finish(const AnswerUsage& usage, std::string* out) = 0;
  virtual void Fail(const Status& status, std::string* out) = 0;

  // Not a stream: the body.
  virtual json::Value Whole(const AnswerHead& head, std::span<const FinishedAnswer> choices,
                            const AnswerUsage& usage) = 0;
};

}  // namespace fathom::api
