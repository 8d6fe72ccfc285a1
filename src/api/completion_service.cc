#include "api/completion_service.h"

#include <algorithm>
#include <utility>

#include "agent/stop_scanner.h"
#include "tokenizer/stream_decoder.h"

namespace fathom::api {
namespace {

class CompletionRun final : public GenerationRun {
 public:
  CompletionRun(const AnswerParts& parts, const Caller& caller, AnswerHead head,
                CompletionRequest request)
      : GenerationRun(parts, caller, std::move(head), request.stream),
        request_(std::move(request)),
        writer_(request_) {}

  // Makes the generations; then Start. `prompts` [prompts of the request].
  Status Prepare(std::vector<std::vector<int32_t>> prompts, std::vector<GenerateRequest>* requests);

 private:
  struct Choice {
    size_t prompt;
    StreamDecoder decoder;
    StopScanner scanner;
    std::optional<CompletionEcho> echo = {};
    bool echo_told = false;
    FinishedCompletion answer = {};
    int64_t generated = 0, cached = 0;
    bool done = false;  // the text has ended
  };

  void Begin(std::string* out) override;
  void Take(size_t index, const TokenEvent& event, std::string* out) override;
  bool EndedEarly(size_t index) const override {
    return choices_[index].done && choices_[index].scanner.hit().has_value();
  }
  void End(size_t index, std::string* out) override;
  void Finish(const AnswerUsage& usage, std::string* out) override { writer_.Finish(usage, out); }
  void Fail(const Status& status, std::string* out) override { writer_.Fail(status, out); }
  json::Value Whole(const AnswerUsage& usage) override;
  std::string_view EndName() const override { return chat::Name(choices_[0].answer.reason); }
  AnswerUsage Usage() const override;
  const std::vector<std::string>& StopStrings() const override { return request_.stop; }

  Result<std::string> EchoOf(size_t prompt) const;
  void TakeToken(size_t index, const TokenEvent& event, std::string* out);
  void TellEcho(size_t index, std::string* out);
  void Say(size_t index, std::string text, std::span<const TokenInfo> tokens, std::string* out);

  const CompletionRequest request_;
  CompletionWriter writer_;
  std::vector<std::vector<int32_t>> prompts_;
  std::vector<Choice> choices_;
};

Status CompletionRun::Prepare(std::vector<std::vector<int32_t>> prompts,
                              std::vector<GenerateRequest>* requests) {
  prompts_ = std::move(prompts);
  const auto choices = static_cast<size_t>(request_.choices);
  for (size_t i = 0; i < prompts_.size() * choices; ++i) {
    FATHOM_ASSIGN_OR_RETURN(StopScanner scanner, StopScanner::Create(request_.stop));
    Choice& choice = choices_.emplace_back(
        Choice{i / choices, StreamDecoder(parts().tokenizer.vocabulary()), std::move(scanner)});
    const std::vector<int32_t>& prompt = prompts_[choice.prompt];
    GenerateRequest& generate = requests->emplace_back();
    generate.prompt = prompt;
    generate.sampling = request_.sampling;
    if (generate.sampling.seed) *generate.sampling.seed += i % choices;
    if (!request_.echo) continue;
    FATHOM_ASSIGN_OR_RETURN(std::string text, EchoOf(choice.prompt));
    FATHOM_ASSIGN_OR_RETURN(const std::string all, parts().tokenizer.Decode(prompt));
    const bool begun = all.size() > text.size();  // with a begin of sentence that nobody wrote
    choice.echo = CompletionEcho{.text = std::move(text), .tokens = {}};
    if (!request_.sampling.logprobs) continue;
    generate.prompt_logprobs = static_cast<int>(request_.sampling.top_logprobs);
    TokenInfo first =
        MakeTokenInfo(parts().tokenizer.vocabulary(), prompt.front(), {.chosen = 0, .top = {}});
    if (begun) first.bytes.clear();
    choice.echo->tokens.push_back(std::move(first));
  }
  return {};
}

// The prompt as the client wrote it.
Result<std::string> CompletionRun::EchoOf(size_t prompt) const {
  if (const auto* text = std::get_if<std::string>(&request_.prompts[prompt])) {
    if (request_.suffix.empty()) return *text;
  }
  return parts().tokenizer.Decode(prompts_[prompt]);
}

void CompletionRun::Begin(std::string* out) {
  if (streams()) writer_.Begin(head(), out);
}

void CompletionRun::Take(size_t index, const TokenEvent& event, std::string* out) {
  Choice& choice = choices_[index];
  choice.cached = std::max(choice.cached, event.cached_tokens);
  for (const Logprobs& logprobs : event.prompt_logprobs) {
    std::vector<TokenInfo>& tokens = choice.echo->tokens;
    tokens.push_back(MakeTokenInfo(parts().tokenizer.vocabulary(),
                                   prompts_[choice.prompt][tokens.size()], logprobs));
  }
  if (event.token && !choice.done) TakeToken(index, event, out);
  if (!event.finish || choice.done) return;
  TellEcho(index, out);
  Say(index, choice.scanner.Add(choice.decoder.Flush()) + choice.scanner.Finish(), {}, out);
  choice.done = true;
  choice.answer.reason =
      event.finish == FinishReason::kStop ? chat::FinishReason::kStop : chat::FinishReason::kLength;
}

void CompletionRun::TakeToken(size_t index, const TokenEvent& event, std::string* out) {
  Choice& choice = choices_[index];
  TellEcho(index, out);
  if (!request_.generate)
    return;  // asked for the prompt alone; the engine makes one token at least
  ++choice.generated;
  const Vocabulary& vocabulary = parts().tokenizer.vocabulary();
  const int32_t token = event.token->token;
  std::vector<TokenInfo> infos;
  if (event.token->logprobs)
    infos.push_back(MakeTokenInfo(vocabulary, token, *event.token->logprobs));
  // Neither what stops the text nor a special token is part of it.
  const bool is_text = event.finish != FinishReason::kStop && !vocabulary.IsSpecial(token);
  std::string text = is_text ? choice.scanner.Add(choice.decoder.Push(token)) : std::string();
  Say(index, std::move(text), infos, out);
  if (choice.scanner.hit()) choice.done = true;
}

void CompletionRun::TellEcho(size_t index, std::string* out) {
  Choice& choice = choices_[index];
  if (!choice.echo || std::exchange(choice.echo_told, true) || !streams()) return;
  writer_.Echo(static_cast<int>(index), *choice.echo, out);
}

void CompletionRun::Say(size_t index, std::string text, std::span<const TokenInfo> tokens,
                        std::string* out) {
  FinishedCompletion& answer = choices_[index].answer;
  answer.text += text;
  answer.tokens.insert(answer.tokens.end(), tokens.begin(), tokens.end());
  if (streams() && (!text.empty() || !tokens.empty())) {
    writer_.Add(static_cast<int>(index), text, tokens, out);
  }
}

void CompletionRun::End(size_t index, std::string* out) {
  Choice& choice = choices_[index];
  choice.answer.echo = std::move(choice.echo);
  if (streams()) writer_.End(static_cast<int>(index), choice.answer, out);
}

json::Value CompletionRun::Whole(const AnswerUsage& usage) {
  std::vector<FinishedCompletion> answers;
  for (Choice& choice : choices_) answers.push_back(std::move(choice.answer));
  return writer_.Whole(head(), answers, usage);
}

AnswerUsage CompletionRun::Usage() const {
  AnswerUsage usage;
  for (const std::vector<int32_t>& prompt : prompts_) {
    usage.prompt_tokens += static_cast<int64_t>(prompt.size());
  }
  const auto choices = static_cast<size_t>(request_.choices);
  for (size_t i = 0; i < choices_.size(); ++i) {
    if (i % choices == 0) usage.cached_tokens += choices_[i].cached;
    usage.completion_tokens += choices_[i].generated;
  }
  return usage;
}

}  // namespace

void Complete(const AnswerParts& parts, const Caller& caller, CompletionRequest request,
              std::string id) {
  const auto name = FindModel(parts.models, request.model);
  if (!name.ok()) return Refuse(parts, caller, name.status());
  std::vector<std::vector<int32_t>> prompts;
  AnswerHead head;
  for (size_t i = 0; i < request.prompts.size(); ++i) {
    auto tokens = CompletionTokens(request, i, parts.tokenizer);
    if (!tokens.ok()) return Refuse(parts, caller, tokens.status());
    head.prompt_tokens += static_cast<int64_t>(tokens->size());
    prompts.push_back(*std::move(tokens));
  }
  head.id = std::move(id);
  head.created = UnixSeconds();
  head.model = (*name)->name;
  head.want_logprobs = request.sampling.logprobs;
  const auto run =
      std::make_shared<CompletionRun>(parts, caller, std::move(head), std::move(request));
  std::vector<GenerateRequest> requests;
  if (const Status status = run->Prepare(std::move(prompts), &requests); !status.ok()) {
    return run->Refused(status);
  }
  run->Start(std::move(requests));
}

}  // namespace fathom::api
