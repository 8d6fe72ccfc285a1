// A request in text → the tokens of its prompt, and how the answer to them is read.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/answer_guide.h"
#include "agent/text_stream.h"
#include "base/status.h"
#include "chat/conversation.h"
#include "chat/prompt.h"
#include "sampling/sampling_params.h"
#include "tokenizer/tokenizer.h"

namespace fathom {

// The beginning of an answer that is given: the model goes on from there.
struct Opening {
  chat::Prompt text;
  // Whether what it says belongs to the answer, as a forced call does, or was said by the client,
  // who knows it already. Its tokens are the prompt's either way.
  bool is_answer = false;
};

// The tokens in which the model said an earlier answer, end of sentence included, so that the
// prompt repeats them and not what encoding the text again would give: a model may write a text in
// other tokens than the tokenizer.
struct SaidTokens {
  std::vector<int32_t> tokens;
  bool thinking = false;  // they begin inside the reasoning
};

struct TextRequest {
  std::vector<chat::Message> messages;  // tools stand on them: chat::AttachTools
  // Token ids instead of messages. What is generated is read as an answer all the same: it starts
  // inside the reasoning when the last id is that of <think>, and tools may be called.
  std::vector<int32_t> prompt;
  chat::ThinkingMode thinking = chat::ThinkingMode::kChat;
  Opening opening;
  std::map<size_t, SaidTokens> said;  // by index among the messages of the assistant
  bool single_call = false;           // the answer ends behind its first call
  SamplingParams sampling;
  std::vector<std::string> stop;
  ThinkingLimits limits;  // of the reasoning, if there is any
};

struct TextPrompt {
  std::vector<int32_t> tokens;
  size_t opening_tokens = 0;  // how many at the end are the opening's
  bool in_reasoning = false;  // the first token that is generated is reasoning
  TextStreamOptions stream;
};

// kUnsupported when the tokenizer lacks a token of the chat format.
Status CheckChatTokens(const Tokenizer& tokenizer);

// Errors are those of chat::Encode. Any thread.
Result<TextPrompt> MakeTextPrompt(const Tokenizer& tokenizer, const TextRequest& request);

// The token ids of a conversation's prompt.
std::vector<int32_t> Tokenize(const Tokenizer& tokenizer, const chat::Prompt& prompt);

}  // namespace fathom
