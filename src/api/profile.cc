#include "api/profile.h"

namespace fathom::api {
namespace {

json::Value LimitToJson(int64_t limit) {
  return limit == 0 || limit == kNoTokenLimit ? json::Value() : json::Value(limit);
}

}  // namespace

Status CheckProfile(const Profile& profile, const AnswerRequest& request, bool thinking) {
  const bool wants_tools = !request.tools.empty() && request.tool_choice != ToolChoice::kNone;
  if (!profile.tools && wants_tools) {
    return Unsupported(
        "tools: {} was trained without tools and would call none of them rightly; ask without "
        "tools, or a server of DeepSeek-V3.2",
        profile.model);
  }
  const auto of_tools = [](const chat::Message& message) {
    return message.role == chat::Role::kTool || !message.tool_calls.empty();
  };
  if (!profile.tools && std::ranges::any_of(request.messages, of_tools)) {
    return Unsupported("{} was trained without tools, and can't read calls or their results",
                       profile.model);
  }
  if (profile.always_thinks && !thinking) {
    return Unsupported("{} always thinks before it answers: thinking can't be switched off",
                       profile.model);
  }
  return {};
}

json::Value ProfileToJson(const Profile& profile, int64_t context) {
  return json::Object{{"name", profile.name},
                      {"model", profile.model},
                      {"tools", profile.tools},
                      {"always_thinks", profile.always_thinks},
                      {"max_tokens", LimitToJson(profile.answer_tokens)},
                      {"thinking_budget", LimitToJson(profile.thinking_budget(context))}};
}

}  // namespace fathom::api
