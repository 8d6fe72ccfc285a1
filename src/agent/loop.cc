#include "agent/loop.h"

#include <utility>

#include "json/parse.h"
#include "json/write.h"

namespace fathom {

ToolRun RunTool(const Toolbox& tools, const chat::ToolCall& call) {
  const auto run = [&]() -> Result<std::string> {
    Result<json::Value> arguments = json::Parse(call.arguments);
    if (!arguments.ok()) return arguments.status().At("arguments");
    return tools.Call(call.name, *arguments);
  };
  Result<std::string> result = run();
  if (result.ok()) return {call, std::move(result).value(), false};
  // The form that tool APIs mostly use, and that the bundled model was trained on.
  const json::Value error = json::Object{{"error", result.status().message()}};
  return {call, json::Dump(error, json::Style::kPython), true};
}

Result<LoopResult> RunLoop(TextEngine& engine, const Toolbox& tools, const LoopOptions& options,
                           const LoopCallbacks& callbacks, std::vector<chat::Message>* messages) {
  LoopResult result;
  for (int round = 0;; ++round) {
    TextRequest request;
    request.messages = *messages;
    request.thinking = options.thinking;
    request.sampling = options.sampling;
    request.stop = options.stop;
    FATHOM_ASSIGN_OR_RETURN(GeneratedMessage answer,
                            engine.Generate(request, callbacks.text, callbacks.cancelled));
    chat::Message& said = answer.message;
    for (size_t i = 0; i < said.tool_calls.size(); ++i) {
      said.tool_calls[i].id = fmt::format("call_{}_{}", round, i);
    }
    messages->push_back(said);
    result.answers.push_back(std::move(answer));
    const GeneratedMessage& last = result.answers.back();
    if (last.end.reason != chat::FinishReason::kToolCalls) return result;
    if (round + 1 >= options.max_rounds) {
      result.out_of_rounds = true;
      return result;
    }
    for (const chat::ToolCall& call : last.message.tool_calls) {
      result.tools.push_back(RunTool(tools, call));
      const ToolRun& run = result.tools.back();
      chat::Message reply;
      reply.role = chat::Role::kTool;
      reply.content = run.result;
      reply.tool_call_id = call.id;
      messages->push_back(std::move(reply));
      if (callbacks.on_tool) callbacks.on_tool(run);
    }
  }
}

}  // namespace fathom
