#include <utility>

#include "api/answer_service.h"
#include "chat/dsml.h"

namespace fathom::api {
namespace {

// What the client said for the assistant, from inside the prompt's last mark on.
chat::Prompt BeginAnswer(const chat::Message& message, bool thinking) {
  chat::Prompt prompt;
  const std::string content = message.content.value_or("");
  if (thinking) {
    prompt.AddText(message.reasoning);
    if (content.empty()) return prompt;  // the reasoning goes on
    prompt.AddSpecial(chat::kThinkClose);
  }
  prompt.AddText(content);
  return prompt;
}

}  // namespace

Result<TextRequest> MakeTextRequest(const AnswerRequest& request, const KeyHolder& holder,
                                    const AnswerParts& parts) {
  FATHOM_ASSIGN_OR_RETURN(const ModelName* model, FindModel(parts.models, request.model));
  const bool thinking = request.thinking.value_or(model->thinking.value_or(parts.thinking));
  FATHOM_RETURN_IF_ERROR(CheckProfile(parts.profile, request, thinking));
  TextRequest text;
  text.messages = request.messages;
  text.sampling = request.sampling;
  text.stop = request.stop;
  text.single_call = !request.parallel_tool_calls;
  text.limits = parts.limits;
  if (holder.thinking_budget >= 0) text.limits.budget = holder.thinking_budget;
  if (request.thinking_budget) text.limits.budget = request.thinking_budget;
  if (request.loop_guard) text.limits.loop_guard = *request.loop_guard;
  text.thinking = thinking ? chat::ThinkingMode::kThinking : chat::ThinkingMode::kChat;
  if (request.prefix) {
    if (MustCall(request)) {
      return InvalidArgument("tool_choice: an answer that is begun can't begin with a call");
    }
    text.opening = BeginAnswer(text.messages.back(), thinking);
    text.messages.pop_back();
  }
  text.said = RestoreTurns(parts.memory, holder.scope, SteadySeconds(), &text.messages);
  AttachForm(request, &text.messages);
  return text;
}

}  // namespace fathom::api
