// An AnswerRequest as lines: every field that differs from its default, for cases of requests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/answer_request.h"
#include "chat/conversation.h"
#include "json/write.h"

namespace fathom::test {

inline std::string CompactText(const json::Value& value) {
  return json::Dump(value, json::Style::kCompact);
}

inline json::Value StringArray(const std::vector<std::string>& strings) {
  return json::Array(strings.begin(), strings.end());
}

inline std::vector<std::string> RequestLines(const api::AnswerRequest& request) {
  std::vector<std::string> lines;
  const api::AnswerRequest defaults;
  const auto show = [&](std::string_view name, const auto& value, const auto& otherwise) {
    if (value != otherwise) lines.push_back(fmt::format("{} {}", name, value));
  };
  constexpr std::string_view kChoices[] = {"auto", "none", "required", "named"};
  show("model", request.model, defaults.model);
  for (const chat::Message& message : request.messages) {
    lines.push_back("message " + CompactText(chat::ToJson(message)));
  }
  for (const chat::ToolDefinition& tool : request.tools) {
    lines.push_back("tool " + CompactText(tool.object));
  }
  if (!request.response_format.is_null()) {
    lines.push_back("response_format " + CompactText(request.response_format));
  }
  show("tool_choice", kChoices[static_cast<size_t>(request.tool_choice)], "auto");
  show("tool_name", request.tool_name, defaults.tool_name);
  show("parallel_tool_calls", request.parallel_tool_calls, defaults.parallel_tool_calls);
  if (request.thinking) lines.push_back(*request.thinking ? "thinking on" : "thinking off");
  if (request.thinking_budget) {
    lines.push_back(fmt::format("thinking_budget {}", *request.thinking_budget));
  }
  for (const auto& tool : request.form.strict_tools) {
    lines.push_back(fmt::format("strict_tool {} {}", tool.index, tool.path));
  }
  if (request.form.json_path) lines.push_back("json_path " + *request.form.json_path);
  show("prefix", request.prefix, defaults.prefix);
  const SamplingParams &sampling = request.sampling, &usual = defaults.sampling;
  show("temperature", sampling.temperature, usual.temperature);
  show("top_p", sampling.top_p, usual.top_p);
  show("top_k", sampling.top_k, usual.top_k);
  show("logprobs", sampling.logprobs, usual.logprobs);
  show("top_logprobs", sampling.top_logprobs, usual.top_logprobs);
  show("max_tokens", sampling.max_tokens, usual.max_tokens);
  if (!request.stop.empty()) lines.push_back("stop " + CompactText(StringArray(request.stop)));
  show("stream", request.stream, defaults.stream);
  show("user", request.user, defaults.user);
  show("previous_response", request.previous_response, defaults.previous_response);
  show("store", request.store, defaults.store);
  if (!request.ignored_fields.empty()) {
    lines.push_back("ignored " + CompactText(StringArray(request.ignored_fields)));
  }
  return lines;
}

// For messages of failed tests: to be read, and put into the file when it is right.
inline std::string AsSection(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "  " + line + "\n";
  return text;
}

}  // namespace fathom::test
