#include "api/agent_run.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "agent/agent_turn.h"
#include "agent/text_generation.h"
#include "api/agent_calls.h"
#include "api/agent_events.h"
#include "api/agent_tools.h"
#include "api/answer_service.h"
#include "api/keys.h"
#include "base/clock.h"
#include "chat/dsml.h"

namespace fathom::api {
namespace {

// Between two tellings of how it goes, while text comes.
constexpr double kStatsSeconds = 0.25;

class AgentRun final : public GenerationRun {
 public:
  AgentRun(const AgentParts& parts, const Caller& caller, AnswerHead head, TurnOptions options,
           TextRequest text, std::shared_ptr<const AgentTools> tools)
      : GenerationRun(parts.answers, caller, std::move(head), /*stream=*/true),
        tool_threads_(parts.tool_threads),
        tools_(std::move(tools)),
        stop_strings_(options.ask.stop),
        turn_(parts.answers.tokenizer, std::move(options), std::move(text.messages),
              std::move(text.said)),
        told_(turn_.messages().size()) {}

  // What the turn begins with; then Start.
  Status Prepare(std::vector<GenerateRequest>* requests);

 private:
  void Begin(std::string* out) override;
  void Take(size_t index, const TokenEvent& event, std::string* out) override;
  bool EndedEarly(size_t index) const override {
    return index + 1 == generations_ && text_->ended_early();
  }
  void End(size_t index, std::string* out) override;
  Result<bool> GoOn(std::string* out) override;
  void Closed() override {
    if (calls_ != nullptr) calls_->Stop();
  }
  void Finish(const AnswerUsage& usage, std::string* out) override;
  void Fail(const Status& status, std::string* out) override { AgentEvents(out).Error(status); }
  json::Value Whole(const AnswerUsage&) override {
    FATHOM_CHECK(false, "an agent's answer is always a stream");
    return {};
  }
  std::string_view EndName() const override { return DoneReason(end_); }
  AnswerUsage Usage() const override;
  const std::vector<std::string>& StopStrings() const override { return stop_strings_; }

  Result<GenerateRequest> BeginGeneration(AgentTurn::Generate generate, std::string* out);
  void TakeResults(std::string* out);
  void EndCalls();
  Result<bool> Advance(std::string* out);
  void BeginCalls(std::vector<chat::ToolCall> calls);
  void TellContext(const AgentTurn::ContextChange& change, std::string* out);
  void TellMessages(std::string* out);
  void TellStats(std::string* out);
  void RememberTurn() const;

  TaskQueue& tool_threads_;
  const std::shared_ptr<const AgentTools> tools_;
  const std::vector<std::string> stop_strings_;
  const Stopwatch watch_;
  AgentTurn turn_;
  TurnEnd end_ = TurnEnd::kAnswered;
  std::string beginning_;  // what Begin tells behind the start
  AttentionWork work_before_;
  size_t told_;  // of the conversation's messages; those behind follow

  // The generation that runs, or ran last.
  std::optional<TextGeneration> text_;
  size_t generations_ = 0;
  bool summary_ = false;
  bool counted_ = true;  // in usage_
  std::vector<std::string> call_ids_;
  double told_stats_seconds_ = 0;

  std::shared_ptr<AgentCalls> calls_;  // while some have no result; else null
  std::vector<bool> ran_;              // of these
  size_t first_result_ = 0;            // where their results stand

  // Of all generations that have ended.
  AnswerUsage usage_;
  int rounds_ = 0;
  std::vector<std::string_view> repairs_;
};

Status AgentRun::Prepare(std::vector<GenerateRequest>* requests) {
  work_before_ = parts().engine.Stats().attention;
  while (true) {
    FATHOM_ASSIGN_OR_RETURN(AgentTurn::Step step, turn_.Next());
    if (const auto* change = std::get_if<AgentTurn::ContextChange>(&step)) {
      TellContext(*change, &beginning_);
      continue;
    }
    // Nothing has been said yet that could call or end.
    FATHOM_CHECK(std::holds_alternative<AgentTurn::Generate>(step), "a turn that begins with {}",
                 step.index());
    FATHOM_ASSIGN_OR_RETURN(
        GenerateRequest request,
        BeginGeneration(std::get<AgentTurn::Generate>(std::move(step)), &beginning_));
    requests->push_back(std::move(request));
    return {};
  }
}

void AgentRun::Begin(std::string* out) {
  AgentEvents(out).Start(head(), parts().engine.context(), tools_->box.tools());
  out->append(std::exchange(beginning_, {}));
}

Result<GenerateRequest> AgentRun::BeginGeneration(AgentTurn::Generate generate, std::string* out) {
  const auto prompt_tokens = static_cast<int64_t>(generate.prompt.tokens.size());
  FATHOM_ASSIGN_OR_RETURN(TextGeneration::Begun begun,
                          TextGeneration::Begin(parts().tokenizer, parts().answer_tokens,
                                                generate.request, std::move(generate.prompt)));
  text_ = std::move(begun.text);
  ++generations_;
  summary_ = generate.summary;
  counted_ = false;
  call_ids_.clear();
  told_stats_seconds_ = watch_.seconds();
  if (!summary_) AgentEvents(out).Round(generate.round, prompt_tokens);
  return std::move(begun.request);
}

void AgentRun::Take(size_t, const TokenEvent& event, std::string* out) {
  std::vector<chat::StreamEvent> events;
  text_->Take(event, &events);
  if (summary_) return;
  AgentEvents tell(out);
  for (const chat::StreamEvent& piece : events) {
    if (piece.kind == chat::EventKind::kToolCall) call_ids_.push_back("call_" + RandomText(128));
    tell.Piece(piece, call_ids_);
  }
  if (watch_.seconds() - told_stats_seconds_ >= kStatsSeconds && !event.finish) TellStats(out);
}

void AgentRun::End(size_t, std::string* out) {
  GeneratedMessage& result = text_->result();
  for (size_t i = 0; i < result.message.tool_calls.size(); ++i) {
    result.message.tool_calls[i].id = call_ids_[i];
  }
  usage_ = Usage();
  counted_ = true;
  turn_.Answered(result);
  if (summary_) return;
  ++rounds_;
  for (const std::string_view repair : result.end.repairs.Names()) {
    if (std::ranges::find(repairs_, repair) == repairs_.end()) repairs_.push_back(repair);
  }
  if (result.thinking_end != ThinkingEnd::kItself) {
    AgentEvents(out).Guard(result.thinking_end, result.usage.reasoning_tokens);
  }
  RememberTurn();
  TellStats(out);
}

// So that the client's next request finds this answer in the cache, whatever it sends back of it.
void AgentRun::RememberTurn() const {
  if (text_->result().message.tool_calls.empty()) return;
  parts().memory.KeepTurn(
      holder().scope,
      MakeTurn(text_->result(), head().thinking, *parts().tokenizer.TokenId(chat::kEos)),
      SteadySeconds());
}

Result<bool> AgentRun::GoOn(std::string* out) {
  TakeResults(out);
  if (out_of_time()) {
    EndCalls();
    turn_.Stop();
  }
  if (calls_ != nullptr) return true;
  return Advance(out);
}

void AgentRun::TakeResults(std::string* out) {
  if (calls_ == nullptr) return;
  for (const auto& [call, run] : calls_->Take()) {
    AgentEvents(out).Tool(run);
    turn_.Ran(call, run);
    ran_[call] = true;
  }
  TellMessages(out);
  if (std::ranges::find(ran_, false) == ran_.end()) calls_ = nullptr;
}

// What has no result by now gets none but that it was stopped.
void AgentRun::EndCalls() {
  if (calls_ == nullptr) return;
  calls_->Stop();
  calls_ = nullptr;
}

// Takes steps until there is something to wait for; false at the end.
Result<bool> AgentRun::Advance(std::string* out) {
  while (true) {
    FATHOM_ASSIGN_OR_RETURN(AgentTurn::Step step, turn_.Next());
    if (auto* calls = std::get_if<AgentTurn::RunCalls>(&step)) {
      BeginCalls(std::move(calls->calls));
      TellMessages(out);
      return true;
    }
    if (const auto* change = std::get_if<AgentTurn::ContextChange>(&step)) {
      TellContext(*change, out);
      continue;
    }
    TellMessages(out);
    if (const auto* done = std::get_if<AgentTurn::Done>(&step)) {
      end_ = done->end;
      return false;
    }
    FATHOM_ASSIGN_OR_RETURN(GenerateRequest request,
                            BeginGeneration(std::get<AgentTurn::Generate>(std::move(step)), out));
    FATHOM_RETURN_IF_ERROR(SubmitNext(std::move(request)));
    return true;
  }
}

void AgentRun::BeginCalls(std::vector<chat::ToolCall> calls) {
  ran_.assign(calls.size(), false);
  first_result_ = turn_.messages().size() - calls.size();
  calls_ = std::make_shared<AgentCalls>(
      tool_threads_, tools_, std::move(calls), [weak = weak_from_this()] {
        if (const auto run = std::static_pointer_cast<AgentRun>(weak.lock())) run->Wake();
      });
  calls_->Start();
}

void AgentRun::TellContext(const AgentTurn::ContextChange& change, std::string* out) {
  AgentEvents(out).Context(change);
  AgentEvents(out).Messages(turn_.messages());
  told_ = turn_.messages().size();
}

// Those that joined the conversation, up to the first result that is not there yet.
void AgentRun::TellMessages(std::string* out) {
  const std::vector<chat::Message>& messages = turn_.messages();
  for (; told_ < messages.size(); ++told_) {
    if (calls_ != nullptr && told_ >= first_result_ && !ran_[told_ - first_result_]) return;
    AgentEvents(out).Message(messages[told_]);
  }
}

void AgentRun::TellStats(std::string* out) {
  told_stats_seconds_ = watch_.seconds();
  AttentionWork work = parts().engine.Stats().attention;
  work.keys_read -= work_before_.keys_read;
  work.keys_present -= work_before_.keys_present;
  AgentEvents(out).Stats(text_->result().usage, parts().engine.context(), work);
}

void AgentRun::Finish(const AnswerUsage& usage, std::string* out) {
  AgentEvents(out).Done(
      {.end = end_, .rounds = rounds_, .repairs = repairs_, .seconds = watch_.seconds()}, usage);
}

AnswerUsage AgentRun::Usage() const {
  AnswerUsage usage = usage_;
  if (counted_) return usage;
  const GeneratedMessage& result = text_->result();
  usage.prompt_tokens += result.usage.prompt_tokens;
  usage.cached_tokens += result.usage.cached_tokens;
  AddSaid(result, &usage);
  return usage;
}

std::vector<chat::ToolDefinition> DefinitionsOf(const Toolbox& tools) {
  std::vector<chat::ToolDefinition> definitions;
  for (const Tool& tool : tools.tools()) definitions.push_back({tool.Definition()});
  return definitions;
}

}  // namespace

void RunAgent(const AgentParts& parts, const Caller& caller, AgentRequest request, std::string id) {
  auto tools = ChooseTools(parts.tools, request.tool_groups);
  if (!tools.ok()) return Refuse(parts.answers, caller, tools.status());
  Result<TextRequest> text = MakeTextRequest(request.answer, *caller.holder, parts.answers);
  if (!text.ok()) return Refuse(parts.answers, caller, text.status());
  AnswerHead head;
  head.id = std::move(id);
  head.created = UnixSeconds();
  head.model =
      request.answer.model.empty() ? parts.answers.models.names.front().name : request.answer.model;
  head.thinking = text->thinking == chat::ThinkingMode::kThinking;
  TurnOptions options;
  options.max_rounds = request.max_rounds;
  options.ask = *text;
  options.ask.messages.clear();
  options.ask.said.clear();
  options.tools = DefinitionsOf((*tools)->box);
  options.context = {request.context, parts.answers.engine.context()};
  const auto run = std::make_shared<AgentRun>(parts, caller, std::move(head), std::move(options),
                                              *std::move(text), *std::move(tools));
  std::vector<GenerateRequest> requests;
  if (const Status status = run->Prepare(&requests); !status.ok()) return run->Refused(status);
  run->Start(std::move(requests));
}

json::Value AgentBody(const AgentParts& parts, const SamplingParams& defaults) {
  json::Array models, strategies;
  for (const ModelName& model : parts.answers.models.names) models.emplace_back(model.name);
  for (const ContextStrategyRow& row : kContextStrategies) strategies.emplace_back(row.name);
  return json::Object{{"object", "agent"},
                      {"models", std::move(models)},
                      {"context_tokens", parts.answers.engine.context()},
                      {"defaults", json::Object{{"temperature", defaults.temperature},
                                                {"top_p", defaults.top_p},
                                                {"max_rounds", int64_t{kDefaultMaxRounds}},
                                                {"context", Name(kDefaultStrategy)},
                                                {"thinking", parts.answers.thinking}}},
                      {"strategies", std::move(strategies)},
                      {"tool_groups", ToolGroupsToJson(parts.tools)}};
}

}  // namespace fathom::api
