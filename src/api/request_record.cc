#include "api/request_record.h"

#include <cmath>
#include <utility>

#include "api/redact.h"
#include "json/parse.h"
#include "json/write.h"

namespace fathom::api {
namespace {

int64_t Microseconds(double seconds) { return static_cast<int64_t>(std::llround(seconds * 1e6)); }

json::Array Ids(const std::vector<int32_t>& tokens) {
  return json::Array(tokens.begin(), tokens.end());
}

// By the names that agent/sampling_json.h reads.
json::Object SamplingOf(const SamplingParams& params) {
  json::Object object{{"temperature", params.temperature},
                      {"top_p", params.top_p},
                      {"top_k", params.top_k},
                      {"min_p", params.min_p},
                      {"repetition_penalty", params.repetition_penalty},
                      {"presence_penalty", params.presence_penalty},
                      {"frequency_penalty", params.frequency_penalty},
                      {"logprobs", params.logprobs},
                      {"top_logprobs", params.top_logprobs},
                      {"ignore_eos", params.ignore_eos},
                      {"min_tokens", params.min_tokens},
                      {"max_tokens", params.max_tokens}};
  if (params.seed) object.Set("seed", static_cast<int64_t>(*params.seed));
  if (!params.stop_token_ids.empty()) object.Set("stop_token_ids", Ids(params.stop_token_ids));
  json::Object biases;
  for (const auto& [id, bias] : params.logit_bias) biases.Set(fmt::format("{}", id), bias);
  if (!biases.empty()) object.Set("logit_bias", std::move(biases));
  return object;
}

json::Value GenerationOf(const RecordedGeneration& generation, const std::vector<std::string>& stop,
                         bool words) {
  json::Object sampling = SamplingOf(generation.sampling);
  json::Object object{{"sampling", sampling},
                      {"prompt_tokens", static_cast<int64_t>(generation.prompt.size())},
                      {"generated_tokens", static_cast<int64_t>(generation.tokens.size())},
                      {"finish", generation.finish ? Name(*generation.finish) : "unfinished"},
                      {"queue_us", Microseconds(generation.queue_seconds)}};
  if (!words) return object;
  object.Set("tokens", Ids(generation.tokens));
  json::Object request{{"prompt", Ids(generation.prompt)}};
  for (const json::Member& member : sampling) request.Set(member.key, member.value);
  if (!stop.empty()) request.Set("stop", json::Array(stop.begin(), stop.end()));
  object.Set("request", std::move(request));
  return object;
}

}  // namespace

std::string RecordLine(const AnswerRecord& answer, const std::string& path, const std::string& body,
                       const std::vector<std::string>& stop,
                       const std::vector<RecordedGeneration>& generations, bool words) {
  // It was read once already, so it is JSON.
  const Result<json::Value> parsed = json::Parse(body);
  json::Value told = parsed.ok() ? *parsed : json::Value();
  if (!words) told = Redacted(told);
  json::Array made;
  for (const RecordedGeneration& generation : generations) {
    made.push_back(GenerationOf(generation, stop, words));
  }
  return json::Dump(json::Object{{"event", "request"},
                                 {"time", UnixSeconds()},
                                 {"id", answer.id},
                                 {"path", path},
                                 {"model", answer.model},
                                 {"thinking", answer.thinking},
                                 {"stream", answer.stream},
                                 {"end", answer.end},
                                 {"prompt_tokens", answer.usage.prompt_tokens},
                                 {"first_token_us", Microseconds(answer.first_token_seconds)},
                                 {"us", Microseconds(answer.seconds)},
                                 {"body", std::move(told)},
                                 {"generations", std::move(made)}},
                    json::Style::kCompact);
}

}  // namespace fathom::api
