#include "agent/loop.h"

#include <utility>

namespace fathom {
namespace {

TurnOptions TurnOptionsOf(const LoopOptions& options, int64_t window) {
  TurnOptions turn;
  turn.max_rounds = options.max_rounds;
  turn.tools = options.tools;
  turn.ask.thinking = options.thinking;
  turn.ask.sampling = options.sampling;
  turn.ask.stop = options.stop;
  turn.ask.limits = options.limits;
  turn.ask.grammar = options.grammar;
  turn.context = {options.context, window, options.context_share};
  return turn;
}

// Carries out the steps of a turn.
class Driver {
 public:
  Driver(TextEngine& engine, const Toolbox& tools, const LoopCallbacks& callbacks, AgentTurn* turn)
      : engine_(engine), tools_(tools), callbacks_(callbacks), turn_(*turn) {}

  Result<LoopResult> Run() {
    while (true) {
      FATHOM_ASSIGN_OR_RETURN(AgentTurn::Step step, turn_.Next());
      if (const auto* done = std::get_if<AgentTurn::Done>(&step)) return Finish(done->end);
      if (auto* generate = std::get_if<AgentTurn::Generate>(&step)) {
        FATHOM_RETURN_IF_ERROR(Generate(std::move(*generate)));
      } else if (const auto* calls = std::get_if<AgentTurn::RunCalls>(&step)) {
        RunCalls(calls->calls);
      } else {
        result_.replaced = true;
        if (callbacks_.on_context) callbacks_.on_context(std::get<AgentTurn::ContextChange>(step));
      }
    }
  }

 private:
  Status Generate(AgentTurn::Generate generate) {
    TextCallbacks quiet;
    quiet.on_progress = callbacks_.text.on_progress;
    FATHOM_ASSIGN_OR_RETURN(
        GeneratedMessage answer,
        engine_.Generate(generate.request, std::move(generate.prompt),
                         generate.summary ? quiet : callbacks_.text, callbacks_.cancelled));
    if (generate.summary) {
      result_.summaries.push_back(answer.usage);
      turn_.Answered(answer);
      return {};
    }
    std::vector<chat::ToolCall>& calls = answer.message.tool_calls;
    for (size_t i = 0; i < calls.size(); ++i) {
      calls[i].id = fmt::format("call_{}_{}", generate.round, i);
    }
    turn_.Answered(answer);
    result_.answers.push_back(std::move(answer));
    return {};
  }

  void RunCalls(const std::vector<chat::ToolCall>& calls) {
    bool stopped = false;
    CallWatch watch;
    watch.stopped = [&] { return stopped |= callbacks_.cancelled && callbacks_.cancelled(); };
    watch.on_run = [&](size_t call, const ToolRun& run) {
      turn_.Ran(call, run);
      if (callbacks_.on_tool) callbacks_.on_tool(run);
    };
    std::vector<ToolRun> runs = RunTools(tools_, calls, watch);
    if (stopped) turn_.Stop();
    std::move(runs.begin(), runs.end(), std::back_inserter(result_.tools));
  }

  LoopResult Finish(TurnEnd end) {
    result_.end = end;
    result_.out_of_rounds = end == TurnEnd::kRounds;
    if (result_.answers.empty()) {  // stopped while a summary was made
      result_.answers.emplace_back().end.reason = chat::FinishReason::kCancelled;
      result_.answers.back().message = {.role = chat::Role::kAssistant, .content = ""};
    }
    return std::move(result_);
  }

  TextEngine& engine_;
  const Toolbox& tools_;
  const LoopCallbacks& callbacks_;
  AgentTurn& turn_;
  LoopResult result_;
};

}  // namespace

Result<LoopResult> RunLoop(TextEngine& engine, const Toolbox& tools, const LoopOptions& options,
                           const LoopCallbacks& callbacks, std::vector<chat::Message>* messages) {
  AgentTurn turn(engine.tokenizer(), TurnOptionsOf(options, engine.context()),
                 std::move(*messages));
  Result<LoopResult> result = Driver(engine, tools, callbacks, &turn).Run();
  *messages = turn.messages();
  return result;
}

}  // namespace fathom
