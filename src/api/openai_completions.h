// OpenAI's completions: text that is gone on with, no chat. With a suffix the model fills in what
// lies between (FIM); with echo and logprobs it rates the prompt.
//
// The prompt is the whole input and the client's alone, so special strings in it are tokens, as
// with other servers; parse_special: false makes them plain text. The two parts of a FIM prompt
// are somebody's file and always plain text.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/answer_writer.h"
#include "base/status.h"
#include "chat/stream_event.h"
#include "json/value.h"
#include "sampling/sampling_params.h"
#include "tokenizer/tokenizer.h"

namespace fathom::api {

inline constexpr size_t kMaxPrompts = 128;
inline constexpr size_t kMaxPromptIds = size_t{1} << 20;  // of all prompts
inline constexpr int64_t kMaxCompletionChoices = 256;     // prompts · n
inline constexpr int64_t kDefaultCompletionTokens = 16;   // OpenAI's

using CompletionPrompt = std::variant<std::string, std::vector<int32_t>>;  // text, or token ids

struct CompletionRequest {
  std::string model;
  std::vector<CompletionPrompt> prompts;  // at least one; ids may be none of the vocabulary's
  std::string suffix;                     // not empty: fill in before it; then prompts are text
  bool add_special_tokens = true;         // begin of sentence before a text
  bool parse_special = true;
  bool echo = false;     // the prompt stands before the answer
  bool generate = true;  // false: max_tokens 0, nothing but the echo; sampling then says 1
  int64_t choices = 1;   // of each prompt; choice i belongs to prompt i / choices
  SamplingParams sampling;
  std::vector<std::string> stop;
  bool stream = false;
  bool stream_usage = false;
  std::string user;
  std::vector<std::string> ignored_fields;
};

// Errors as ReadChatCompletion's.
Result<CompletionRequest> ReadCompletion(const json::Value& body, const SamplingParams& defaults);

// The token ids of prompts[index]. Errors: an id that is no token; a suffix for a model that has no
// tokens for it.
Result<std::vector<int32_t>> CompletionTokens(const CompletionRequest& request, size_t index,
                                              const Tokenizer& tokenizer);

// A text as a prompt of its own: begin of sentence before it unless it begins with that itself.
Result<std::vector<int32_t>> TextTokens(std::string_view text, bool add_special_tokens,
                                        bool parse_special, const Tokenizer& tokenizer);

// With echo: the prompt. The first token has no log-probability, whatever its TokenInfo says.
struct CompletionEcho {
  std::string text;
  std::vector<TokenInfo> tokens;  // with logprobs
};

struct FinishedCompletion {
  std::optional<CompletionEcho> echo;
  std::string text;
  std::vector<TokenInfo> tokens;  // with logprobs
  chat::FinishReason reason = chat::FinishReason::kStop;
};

// As AnswerWriter: Begin; for every choice Echo if asked for, any number of Add, one End; Finish;
// or Fail. Text is whole characters. One request, one thread at a time.
class CompletionWriter {
 public:
  explicit CompletionWriter(const CompletionRequest& request);

  void Begin(const AnswerHead& head, std::string* out);
  void Echo(int choice, const CompletionEcho& echo, std::string* out);
  void Add(int choice, std::string_view text, std::span<const TokenInfo> tokens, std::string* out);
  void End(int choice, const FinishedCompletion& answer, std::string* out);
  void Finish(const AnswerUsage& usage, std::string* out);
  void Fail(const Status& status, std::string* out);

  json::Value Whole(const AnswerHead& head, std::span<const FinishedCompletion> choices,
                    const AnswerUsage& usage) const;

 private:
  // "logprobs" of a choice in the old form, filled token by token.
  struct OldLogprobs {
    json::Array tokens, token_logprobs, top_logprobs, text_offset;
    int64_t characters = 0;  // of the choice's text before the next token

    void Add(std::span<const TokenInfo> infos, bool first_is_unscored);
    bool empty() const { return tokens.empty(); }
    json::Value Take();  // and leaves none but the count
  };

  void Chunk(int choice, std::string_view text, std::string_view finish_reason, std::string* out);

  const bool want_logprobs_;
  const bool stream_usage_;
  std::string before_;                // of every chunk, up to the choices
  std::vector<OldLogprobs> waiting_;  // of each choice: what no chunk tells yet
};

}  // namespace fathom::api
