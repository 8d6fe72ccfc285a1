// What the server's own code costs beside the model: reading a request, writing a chunk for every
// token, writing a body.
#include <benchmark/benchmark.h>

#include <string>
#include <utility>
#include <vector>

#include "api/openai_chat.h"
#include "base/check.h"
#include "json/parse.h"
#include "json/write.h"

namespace fathom::api {
namespace {

// A tool loop: `turns` of a question, a call, its result and an answer, with `tools` tools.
std::string RequestText(int64_t turns, int tools) {
  json::Array messages = {json::Object{{"role", "system"}, {"content", std::string(2000, 's')}}};
  for (int64_t turn = 0; turn < turns; ++turn) {
    const std::string id = fmt::format("call_{}", turn);
    messages.emplace_back(json::Object{{"role", "user"}, {"content", std::string(400, 'u')}});
    messages.emplace_back(json::Object{
        {"role", "assistant"},
        {"content", nullptr},
        {"tool_calls",
         json::Array{json::Object{
             {"id", id},
             {"type", "function"},
             {"function", json::Object{{"name", "read_file"},
                                       {"arguments", R"({"path": "src/main.cc"})"}}}}}}});
    messages.emplace_back(
        json::Object{{"role", "tool"}, {"tool_call_id", id}, {"content", std::string(1000, 'r')}});
    messages.emplace_back(json::Object{{"role", "assistant"}, {"content", std::string(400, 'a')}});
  }
  messages.emplace_back(json::Object{{"role", "user"}, {"content", "Go on."}});
  json::Array list;
  for (int i = 0; i < tools; ++i) {
    list.emplace_back(json::Object{
        {"type", "function"},
        {"function", json::Object{{"name", fmt::format("tool_{}", i)},
                                  {"description", std::string(200, 'd')},
                                  {"parameters", json::Object{{"type", "object"},
                                                              {"properties", json::Object{}}}}}}});
  }
  return json::Dump(json::Object{{"model", "m"},
                                 {"messages", std::move(messages)},
                                 {"tools", std::move(list)},
                                 {"temperature", 0.5},
                                 {"stream", true}},
                    json::Style::kCompact);
}

void BM_ReadChat(benchmark::State& state) {
  const std::string text = RequestText(state.range(0), 20);
  for (auto _ : state) {
    const Result<json::Value> body = json::Parse(text);
    FATHOM_CHECK(body.ok(), "{}", body.status().message());
    const Result<AnswerRequest> request = ReadChatCompletion(*body, SamplingParams());
    FATHOM_CHECK(request.ok(), "{}", request.status().message());
    benchmark::DoNotOptimize(request->messages.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(text.size()) * state.iterations());
}
BENCHMARK(BM_ReadChat)->Arg(0)->Arg(1)->Arg(50);

AnswerHead Head(bool want_logprobs) {
  AnswerHead head;
  head.id = "chatcmpl-0123456789abcdef0123456789abcdef";
  head.created = 1'700'000'000;
  head.model = "deepseek-reasoner";
  head.want_logprobs = want_logprobs;
  return head;
}

// One token of a stream; the argument: how many likely tokens are told with it, -1 for none at all.
void BM_WriteChunk(benchmark::State& state) {
  const auto writer = MakeChatWriter({});
  std::string out;
  writer->Begin(Head(state.range(0) >= 0), &out);
  chat::StreamEvent event;
  event.text = " token";
  std::vector<TokenInfo> tokens;
  if (state.range(0) >= 0) {
    tokens.push_back({.bytes = " token", .logprob = -0.12345678, .top = {}});
    for (int64_t i = 0; i < state.range(0); ++i) tokens[0].top.push_back({" other", -1.2345678});
  }
  for (auto _ : state) {
    out.clear();
    writer->Add(0, {&event, 1}, {}, tokens, &out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(BM_WriteChunk)->Arg(-1)->Arg(0)->Arg(20);

void BM_WriteWhole(benchmark::State& state) {
  const auto writer = MakeChatWriter({});
  FinishedAnswer answer;
  answer.message.content = std::string(static_cast<size_t>(state.range(0)), 'a');
  const AnswerHead head = Head(false);
  for (auto _ : state) {
    const std::string body =
        json::Dump(writer->Whole(head, {&answer, 1}, {}), json::Style::kCompact);
    benchmark::DoNotOptimize(body.data());
  }
}
BENCHMARK(BM_WriteWhole)->Arg(500)->Arg(50'000);

}  // namespace
}  // namespace fathom::api
