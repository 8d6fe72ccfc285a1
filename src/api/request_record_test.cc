// What a server writes down of its requests, through its socket.
#include "api/request_record.h"

#include <gtest/gtest.h>

#include "agent/request_json.h"
#include "support/api_client.h"
#include "support/collected_lines.h"
#include "support/service_fixture.h"

namespace fathom::api {
namespace {

using test::At;
using test::TextAt;

class RequestRecordTest : public test::ServiceFixture {
 protected:
  void Start(bool words) {
    test::ScriptedServiceOptions options;
    options.lines = {{"Ann", "Ann is well."}};
    options.api.record = lines_.Writer();
    options.api.record_words = words;
    Serve(std::move(options));
  }

  // The line of a request; it is written when its answer is.
  std::string LineOf(const std::string& path, const std::string& body, int status = 200) {
    EXPECT_EQ(test::Post(service_->server->port(), path, body).status, status);
    std::vector<std::string> lines;
    EXPECT_TRUE(Eventually([&] { return !(lines = lines_.Take()).empty(); })) << "no line";
    EXPECT_EQ(lines.size(), 1U);
    return lines.empty() ? "{}" : lines.back();
  }
  static json::Value Read(const std::string& line) {
    EXPECT_EQ(line.find('\n'), line.npos);
    return *json::Parse(line);
  }

  test::CollectedLines lines_;
};

const std::string kChat =
    R"({"messages": [{"role": "user", "content": "How is Ann?"}], "temperature": 0.5, "n": 2,
    "thinking": false, "stop": ["Bob"], "logit_bias": {"7": -3}, "user": "Carl"})";

TEST_F(RequestRecordTest, TellsEverythingButWords) {
  Start(/*words=*/false);
  const std::string line = LineOf("/v1/chat/completions", kChat);
  for (const std::string word : {"Ann", "Bob", "Carl", "well", "\"prompt\"", "\"tokens\""}) {
    EXPECT_EQ(line.find(word), line.npos) << word << "\n" << line;
  }
  const json::Value record = Read(line);
  EXPECT_EQ(TextAt(record, "path"), "/v1/chat/completions");
  EXPECT_EQ(TextAt(record, "end"), "stop");
  EXPECT_EQ(TextAt(record, "thinking"), "false");
  EXPECT_EQ(TextAt(record, "body.messages.0.role"), "user");
  EXPECT_EQ(TextAt(record, "body.messages.0.content"), "Xxx xx Xxx?");
  ASSERT_EQ(At(record, "generations").array().size(), 2U);
  for (int i = 0; i < 2; ++i) {
    const json::Value generation = At(record, fmt::format("generations.{}", i));
    EXPECT_EQ(TextAt(generation, "sampling.temperature"), "0.5");
    EXPECT_EQ(TextAt(generation, "sampling.logit_bias"), R"({"7":-3.0})");
    EXPECT_GT(*At(generation, "sampling.seed").AsInt64(), 0);  // nobody asked for one
    EXPECT_EQ(TextAt(generation, "finish"), "stop");
    EXPECT_EQ(TextAt(generation, "prompt_tokens"), TextAt(record, "prompt_tokens"));
    EXPECT_GT(*At(generation, "generated_tokens").AsInt64(), 2);
    EXPECT_GE(*At(generation, "queue_us").AsInt64(), 0);
  }
  EXPECT_NE(TextAt(record, "generations.0.sampling.seed"),
            TextAt(record, "generations.1.sampling.seed"));
  EXPECT_GE(*At(record, "us").AsInt64(), *At(record, "first_token_us").AsInt64());
}

TEST_F(RequestRecordTest, EveryApiAndEveryEnd) {
  Start(/*words=*/false);
  const std::string input = R"("input": "How is Ann?")", prompt = R"("prompt": "How is Ann?")";
  EXPECT_EQ(TextAt(Read(LineOf("/v1/responses", "{" + input + "}")), "end"), "stop");
  EXPECT_EQ(TextAt(Read(LineOf("/v1/completions", "{" + prompt + "}")), "end"), "stop");
  EXPECT_EQ(TextAt(Read(LineOf("/v1/messages", R"({"max_tokens": 2, "messages":
                   [{"role": "user", "content": "How is Ann?"}]})")),
                   "generations.0.finish"),
            "length");
  const std::string refused =
      LineOf("/v1/chat/completions", R"({"messages": "How is Ann?", "model": "scripted"})", 400);
  EXPECT_EQ(TextAt(Read(refused), "end"), "refused");
  EXPECT_EQ(TextAt(Read(refused), "body.messages"), "Xxx xx Xxx?");
  EXPECT_EQ(refused.find("Ann"), refused.npos);
}

// What --jsonl reads is the request that the engine got.
TEST_F(RequestRecordTest, WithWordsARequestCanBeRunAgain) {
  Start(/*words=*/true);
  const json::Value record = Read(LineOf("/v1/chat/completions", kChat));
  EXPECT_EQ(At(record, "body"), *json::Parse(kChat));
  const json::Value generation = At(record, "generations.1");
  GrammarCache grammars(*service_->tokenizer, service_->engine->vocab_size(),
                        service_->engine->eos_ids(), {});
  const auto request = RequestFromJson(At(generation, "request"), SamplingParams(),
                                       UnknownFields::kRefuse, grammars);
  ASSERT_TRUE(request.ok()) << request.status().message();
  EXPECT_EQ(request->stop, std::vector<std::string>{"Bob"});
  EXPECT_EQ(request->sampling.temperature, 0.5);
  EXPECT_EQ(request->sampling.logit_bias, (std::map<int32_t, double>{{7, -3}}));
  EXPECT_EQ(*request->sampling.seed,
            static_cast<uint64_t>(*At(generation, "sampling.seed").AsInt64()));
  const std::string prompt = *service_->tokenizer->Decode(request->prompt);
  EXPECT_NE(prompt.find("How is Ann?"), prompt.npos);
  std::vector<int32_t> tokens;
  const json::Value told = At(generation, "tokens");
  for (const json::Value& id : told.array()) tokens.push_back(static_cast<int32_t>(*id.AsInt64()));
  EXPECT_NE(service_->tokenizer->Decode(tokens)->find("Ann is well."), std::string::npos);
}

}  // namespace
}  // namespace fathom::api
