// The requests of tests/cases/api_openai/chat_*.case: the body under "request", and under
// "accepted" every field of the AnswerRequest that differs from its default, one a line, or under
// "refused" the code and the message.
#include <gtest/gtest.h>

#include "api/openai_chat.h"
#include "json/parse.h"
#include "json/write.h"
#include "support/case_file.h"

namespace fathom::api {
namespace {

std::string Text(const json::Value& value) { return json::Dump(value, json::Style::kCompact); }

std::string_view Name(ToolChoice choice) {
  constexpr std::string_view kNames[] = {"auto", "none", "required", "named"};
  return kNames[static_cast<size_t>(choice)];
}

json::Value Strings(const std::vector<std::string>& strings) {
  return json::Array(strings.begin(), strings.end());
}

void ShowSampling(const SamplingParams& params, std::vector<std::string>* lines) {
  const SamplingParams defaults;
  const auto show = [&](std::string_view name, const auto& value, const auto& otherwise) {
    if (value != otherwise) lines->push_back(fmt::format("{} {}", name, value));
  };
  show("temperature", params.temperature, defaults.temperature);
  show("top_p", params.top_p, defaults.top_p);
  show("top_k", params.top_k, defaults.top_k);
  show("min_p", params.min_p, defaults.min_p);
  show("repetition_penalty", params.repetition_penalty, defaults.repetition_penalty);
  show("presence_penalty", params.presence_penalty, defaults.presence_penalty);
  show("frequency_penalty", params.frequency_penalty, defaults.frequency_penalty);
  for (const auto& [id, bias] : params.logit_bias) {
    lines->push_back(fmt::format("logit_bias {} {}", id, bias));
  }
  if (params.seed) lines->push_back(fmt::format("seed {}", *params.seed));
  show("logprobs", params.logprobs, defaults.logprobs);
  show("top_logprobs", params.top_logprobs, defaults.top_logprobs);
  for (const int32_t id : params.stop_token_ids) {
    lines->push_back(fmt::format("stop_token_id {}", id));
  }
  show("ignore_eos", params.ignore_eos, defaults.ignore_eos);
  show("min_tokens", params.min_tokens, defaults.min_tokens);
  show("max_tokens", params.max_tokens, defaults.max_tokens);
}

std::vector<std::string> Show(const AnswerRequest& request) {
  std::vector<std::string> lines;
  const AnswerRequest defaults;
  const auto show = [&](std::string_view name, const auto& value, const auto& otherwise) {
    if (value != otherwise) lines.push_back(fmt::format("{} {}", name, value));
  };
  show("model", request.model, defaults.model);
  for (const chat::Message& message : request.messages) {
    lines.push_back("message " + Text(chat::ToJson(message)));
  }
  for (const chat::ToolDefinition& tool : request.tools) {
    lines.push_back("tool " + Text(tool.object));
  }
  if (!request.response_format.is_null()) {
    lines.push_back("response_format " + Text(request.response_format));
  }
  show("tool_choice", Name(request.tool_choice), Name(defaults.tool_choice));
  show("tool_name", request.tool_name, defaults.tool_name);
  show("parallel_tool_calls", request.parallel_tool_calls, defaults.parallel_tool_calls);
  if (request.thinking) lines.push_back(*request.thinking ? "thinking on" : "thinking off");
  if (request.thinking_budget) {
    lines.push_back(fmt::format("thinking_budget {}", *request.thinking_budget));
  }
  if (request.loop_guard) lines.push_back(fmt::format("loop_guard {}", *request.loop_guard));
  show("prefix", request.prefix, defaults.prefix);
  ShowSampling(request.sampling, &lines);
  if (!request.stop.empty()) lines.push_back("stop " + Text(Strings(request.stop)));
  show("choices", request.choices, defaults.choices);
  show("stream", request.stream, defaults.stream);
  show("stream_usage", request.stream_usage, defaults.stream_usage);
  show("user", request.user, defaults.user);
  show("previous_response", request.previous_response, defaults.previous_response);
  show("store", request.store, defaults.store);
  if (!request.ignored_fields.empty()) {
    lines.push_back("ignored " + Text(Strings(request.ignored_fields)));
  }
  return lines;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(ChatRequestCases, AreReadAsWritten) {
  int accepted = 0, refused = 0;
  for (const test::Case& one : test::ReadCaseFolder("tests/cases/api_openai")) {
    if (!one.sections.contains("request")) continue;
    SCOPED_TRACE(one.place + ": " + one.name);
    const Result<json::Value> body = json::Parse(Joined(one.Section("request")));
    ASSERT_TRUE(body.ok()) << body.status().message();
    const Result<AnswerRequest> request = ReadChatCompletion(*body, SamplingParams());
    if (one.sections.contains("refused")) {
      ++refused;
      ASSERT_FALSE(request.ok());
      const Status status = request.status();
      EXPECT_EQ(fmt::format("{}: {}\n", CodeName(status.code()), status.message()),
                Joined(one.Section("refused")));
    } else {
      ++accepted;
      ASSERT_TRUE(request.ok()) << request.status().message();
      EXPECT_EQ(Joined(Show(*request)), Joined(one.Section("accepted")));
    }
  }
  EXPECT_GT(accepted, 15);
  EXPECT_GT(refused, 50);
}

}  // namespace
}  // namespace fathom::api
