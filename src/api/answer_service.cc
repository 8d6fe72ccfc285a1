#include "api/answer_service.h"

#include <algorithm>
#include <utility>

#include "agent/grammar_cache.h"
#include "agent/text_generation.h"
#include "api/json_answer.h"
#include "chat/dsml.h"

namespace fathom::api {
namespace {

class AnswerRun final : public GenerationRun {
 public:
  AnswerRun(const AnswerParts& parts, Asked asked, AnswerHead head)
      : GenerationRun(parts, asked.caller, std::move(head), asked.request.stream),
        asked_(std::move(asked)),
        json_(WantsJson(asked_.request) && !asked_.request.form.json_path) {}

  // Makes the generations; then Start.
  Status Prepare(const TextRequest& text, const TextPrompt& prompt,
                 std::vector<GenerateRequest>* requests);

 private:
  struct Choice {
    TextGeneration text;
    std::vector<std::string> call_ids = {};
    size_t told_logprobs = 0;
    FinishedAnswer answer = {};
  };

  void Begin(std::string* out) override;
  void Take(size_t index, const TokenEvent& event, std::string* out) override;
  bool EndedEarly(size_t index) const override { return choices_[index].text.ended_early(); }
  void End(size_t index, std::string* out) override;
  void Finish(const AnswerUsage& usage, std::string* out) override {
    asked_.writer->Finish(usage, out);
  }
  void Fail(const Status& status, std::string* out) override { asked_.writer->Fail(status, out); }
  json::Value Whole(const AnswerUsage& usage) override;
  std::string_view EndName() const override {
    return chat::Name(choices_[0].text.result().end.reason);
  }
  AnswerUsage Usage() const override;
  const std::vector<std::string>& StopStrings() const override { return asked_.request.stop; }

  void Tell(size_t index, std::vector<chat::StreamEvent> events, std::string* out);
  void TellJson(size_t index, std::string* out);
  std::vector<TokenInfo> NewTokens(Choice& choice) const;
  void RememberTurn(const Choice& choice) const;
  void RememberConversation(const Choice& choice) const;

  Asked asked_;
  const bool json_;  // no grammar makes it JSON: it is held back and mended when it is whole
  std::vector<Choice> choices_;
  bool prompt_found_ = false;  // the writer knows
};

Status AnswerRun::Prepare(const TextRequest& text, const TextPrompt& prompt,
                          std::vector<GenerateRequest>* requests) {
  for (int64_t i = 0; i < asked_.request.choices; ++i) {
    FATHOM_ASSIGN_OR_RETURN(
        TextGeneration::Begun begun,
        TextGeneration::Begin(parts().tokenizer, parts().answer_tokens, text, prompt));
    std::optional<uint64_t>& seed = begun.request.sampling.seed;
    if (seed) *seed += static_cast<uint64_t>(i);
    choices_.push_back({std::move(begun.text)});
    requests->push_back(std::move(begun.request));
  }
  return {};
}

void AnswerRun::Begin(std::string* out) {
  if (streams()) asked_.writer->Begin(head(), out);
}

void AnswerRun::Take(size_t index, const TokenEvent& event, std::string* out) {
  if (streams() && !std::exchange(prompt_found_, true)) {
    asked_.writer->PromptFound(event.cached_tokens, out);
  }
  std::vector<chat::StreamEvent> events;
  choices_[index].text.Take(event, &events);
  Tell(index, std::move(events), out);
}

void AnswerRun::Tell(size_t index, std::vector<chat::StreamEvent> events, std::string* out) {
  Choice& choice = choices_[index];
  for (const chat::StreamEvent& event : events) {
    if (event.kind == chat::EventKind::kToolCall) {
      choice.call_ids.push_back("call_" + RandomText(128));
    }
  }
  if (!streams()) return;
  std::erase_if(events, [&](const chat::StreamEvent& event) {
    return event.kind == chat::EventKind::kEnd ||
           (json_ && event.kind == chat::EventKind::kContent);
  });
  const std::vector<TokenInfo> tokens = NewTokens(choice);
  if (events.empty() && tokens.empty()) return;
  asked_.writer->Add(static_cast<int>(index), events, choice.call_ids, tokens, out);
}

void AnswerRun::End(size_t index, std::string* out) {
  Choice& choice = choices_[index];
  GeneratedMessage& result = choice.text.result();
  if (result.cut_call) result.cut_call->id = choice.call_ids.back();
  for (size_t i = 0; i < result.message.tool_calls.size(); ++i) {
    result.message.tool_calls[i].id = choice.call_ids[i];
  }
  RememberTurn(choice);
  RememberConversation(choice);
  choice.answer.message = result.message;
  choice.answer.end = result.end;
  choice.answer.stop_string = result.stop_string;
  choice.answer.cut_call = result.cut_call;
  choice.answer.thinking_end = result.thinking_end;
  if (json_) TellJson(index, out);
  if (streams()) {
    asked_.writer->End(static_cast<int>(index), choice.answer, out);
  } else {
    choice.answer.tokens = NewTokens(choice);
  }
}

void AnswerRun::TellJson(size_t index, std::string* out) {
  Choice& choice = choices_[index];
  std::string& content = *choice.answer.message.content;
  choice.answer.json_mended = MendJson(&content);
  if (!streams() || content.empty()) return;
  const chat::StreamEvent whole = {.kind = chat::EventKind::kContent, .text = content};
  asked_.writer->Add(static_cast<int>(index), {&whole, 1}, choice.call_ids, {}, out);
}

json::Value AnswerRun::Whole(const AnswerUsage& usage) {
  std::vector<FinishedAnswer> answers;
  for (Choice& choice : choices_) answers.push_back(std::move(choice.answer));
  return asked_.writer->Whole(head(), answers, usage);
}

std::vector<TokenInfo> AnswerRun::NewTokens(Choice& choice) const {
  std::vector<TokenInfo> tokens;
  const GeneratedMessage& result = choice.text.result();
  for (size_t& i = choice.told_logprobs; i < result.logprobs.size(); ++i) {
    tokens.push_back(
        MakeTokenInfo(parts().tokenizer.vocabulary(), result.tokens[i], result.logprobs[i]));
  }
  return tokens;
}

void AnswerRun::RememberTurn(const Choice& choice) const {
  const GeneratedMessage& result = choice.text.result();
  // An answer that the client began is not the whole of what stands in its next prompt.
  if (result.message.tool_calls.empty() || asked_.request.prefix) return;
  parts().memory.KeepTurn(holder().scope,
                          MakeTurn(result, head().thinking, *parts().tokenizer.TokenId(chat::kEos)),
                          SteadySeconds());
}

void AnswerRun::RememberConversation(const Choice& choice) const {
  if (!asked_.history) return;
  auto conversation = std::make_shared<RememberedConversation>();
  conversation->messages = *asked_.history;
  conversation->messages.push_back(choice.text.result().message);
  parts().memory.KeepConversation(holder().scope, head().id, std::move(conversation),
                                  SteadySeconds());
}

AnswerUsage AnswerRun::Usage() const {
  AnswerUsage usage;
  usage.prompt_tokens = head().prompt_tokens;
  for (const Choice& choice : choices_) {
    const GeneratedMessage& result = choice.text.result();
    usage.cached_tokens = std::max(usage.cached_tokens, result.usage.cached_tokens);
    AddSaid(result, &usage);
  }
  return usage;
}

}  // namespace

void Answer(const AnswerParts& parts, Asked asked) {
  const Caller caller = asked.caller;
  // Before anything else is made of the request, so that a schema that is too large is refused
  // without being copied about.
  auto grammar = GrammarOf(asked.request, asked.request.sampling, parts.grammars);
  if (!grammar.ok()) return Refuse(parts, caller, grammar.status());
  auto text = MakeTextRequest(asked.request, *caller.holder, parts);
  if (!text.ok()) return Refuse(parts, caller, text.status());
  text->grammar = *std::move(grammar);
  const auto prompt = MakeTextPrompt(parts.tokenizer, *text);
  if (!prompt.ok()) return Refuse(parts, caller, prompt.status());
  AnswerHead head;
  head.id = asked.id;
  head.created = UnixSeconds();
  head.model = asked.request.model.empty() ? parts.models.names.front().name : asked.request.model;
  head.thinking = text->thinking == chat::ThinkingMode::kThinking;
  head.prompt_tokens = static_cast<int64_t>(prompt->tokens.size());
  head.want_logprobs = asked.request.sampling.logprobs;
  const auto run = std::make_shared<AnswerRun>(parts, std::move(asked), std::move(head));
  std::vector<GenerateRequest> requests;
  if (const Status status = run->Prepare(*text, *prompt, &requests); !status.ok()) {
    return run->Refused(status);
  }
  run->Start(std::move(requests));
}

}  // namespace fathom::api
