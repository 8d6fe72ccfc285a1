// The chat format's share of a request: encoding a long conversation, and reading a completion
// token by token as it is generated.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "chat/dsml.h"
#include "chat/encode.h"
#include "chat/parse.h"
#include "chat/stream_parser.h"

namespace fathom::chat {
namespace {

// 50 rounds of question, call, result, answer: 200 messages, 0.3 MB of prompt.
std::vector<Message> LongConversation() {
  std::vector<Message> messages;
  const std::string result(4000, 'r');
  for (int i = 0; i < 50; ++i) {
    messages.push_back({.role = Role::kUser, .content = std::string(500, 'q')});
    messages.push_back(
        {.role = Role::kAssistant,
         .reasoning = std::string(500, 't'),
         .tool_calls = {
             {.id = "c", .name = "f", .arguments = R"({"path": "a/b", "lines": [1, 2]})"}}});
    messages.push_back({.role = Role::kTool, .content = result, .tool_call_id = "c"});
    messages.push_back({.role = Role::kAssistant, .content = std::string(1000, 'a')});
  }
  messages.push_back({.role = Role::kUser, .content = "and?"});
  return messages;
}

void BM_Encode(benchmark::State& state) {
  const std::vector<Message> messages = LongConversation();
  size_t bytes = 0;
  for (auto _ : state) {
    const Result<Prompt> prompt = Encode(messages, {.thinking_mode = ThinkingMode::kThinking});
    bytes = prompt->Joined().size();
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes * state.iterations()));
}
BENCHMARK(BM_Encode);

// A completion in pieces of four bytes, about what a token is.
void Generate(StreamParser* parser, const std::string& text, std::vector<StreamEvent>* events) {
  for (size_t at = 0; at < text.size();) {
    if (text.compare(at, kDsml.size(), kDsml) == 0) {
      parser->PushSpecial(kDsml, events);
      at += kDsml.size();
      continue;
    }
    const size_t size = std::min<size_t>({4, text.size() - at, text.find(kDsml, at) - at});
    parser->PushText(std::string_view(text).substr(at, size), events);
    at += size;
    events->clear();
  }
  parser->PushSpecial(kEos, events);
}

std::string Completion(size_t value_bytes) {
  return "Let me see.\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"write\">\n"
         "<｜DSML｜parameter name=\"text\" string=\"true\">" +
         std::string(value_bytes, 'v') +
         "</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>";
}

void BM_StreamToolCall(benchmark::State& state) {
  const std::string text = Completion(16384);
  for (auto _ : state) {
    StreamParser parser(StreamOptions{});
    std::vector<StreamEvent> events;
    Generate(&parser, text, &events);
  }
  state.SetBytesProcessed(static_cast<int64_t>(text.size() * state.iterations()));
}
BENCHMARK(BM_StreamToolCall);

void BM_StreamContent(benchmark::State& state) {
  std::string text;
  while (text.size() < 16384) text += "A line of text, a < b, and\nanother one.\n\n";
  for (auto _ : state) {
    StreamParser parser(StreamOptions{});
    std::vector<StreamEvent> events;
    Generate(&parser, text, &events);
  }
  state.SetBytesProcessed(static_cast<int64_t>(text.size() * state.iterations()));
}
BENCHMARK(BM_StreamContent);

void BM_ParseCompletion(benchmark::State& state) {
  const std::string text = Completion(16384) + std::string(kEos);
  for (auto _ : state) benchmark::DoNotOptimize(ParseCompletion(text, false).ok());
  state.SetBytesProcessed(static_cast<int64_t>(text.size() * state.iterations()));
}
BENCHMARK(BM_ParseCompletion);

}  // namespace
}  // namespace fathom::chat
