// A request in text → the tokens of its prompt, and how the answer to them is read.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/answer_guide.h"
#include "agent/text_stream.h"
#include "base/status.h"
#include "chat/conversation.h"
#include "chat/prompt.h"
#include "grammar/matcher.h"
#include "sampling/sampling_params.h"
#include "tokenizer/tokenizer.h"

namespace fathom {

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
  chat::Prompt opening;               // the answer's beginning, said by the client
  std::map<size_t, SaidTokens> said;  // by index among the messages of the assistant
  bool single_call = false;           // the answer ends behind its first call
  SamplingParams sampling;
  std::vector<std::string> stop;
  ThinkingLimits limits;  // of the reasoning, if there is any
  // What the answer must be behind its reasoning; null: anything.
  std::shared_ptr<const grammar::CompiledGrammar> grammar;
};

struct TextPrompt {
  std::vector<int32_t> tokens;
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
