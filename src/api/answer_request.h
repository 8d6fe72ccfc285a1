// What a request for an answer says, whichever API it came through. The readers of the dialects
// (openai_chat.h, openai_responses.h, anthropic_messages.h) fill it, and find every error of a
// field while they do; nothing behind them looks at the client's JSON again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/answer_form.h"
#include "chat/conversation.h"
#include "sampling/sampling_params.h"

namespace fathom::api {

struct AnswerRequest : FormRequest {
  std::string model;  // as the client wrote it; empty when it named none
  std::vector<chat::Message> messages;
  std::optional<bool> thinking;            // nothing: what the model's name stands for
  std::optional<int64_t> thinking_budget;  // in tokens; nothing: the key's, or the server's
  std::optional<bool> loop_guard;          // nothing: as the server does
  bool prefix = false;                     // the last message is the beginning of the answer
  SamplingParams sampling;                 // the server's defaults where the client said nothing
  std::vector<std::string> stop;
  int64_t choices = 1;  // OpenAI's n
  bool stream = false;
  bool stream_usage = false;      // OpenAI's stream_options.include_usage
  std::string user;               // OpenAI's user or safety_identifier, Anthropic's user_id
  std::string previous_response;  // id of a response that this one continues; may be empty
  bool store = true;              // false: the response can't be continued by its id
  // Fields that nothing here knows, for the log: the first kMaxIgnoredFields, names cut short.
  std::vector<std::string> ignored_fields;
};

}  // namespace fathom::api
