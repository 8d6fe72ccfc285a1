#include <algorithm>

#include "api/errors.h"
#include "api/openai_completions.h"
#include "api/openai_usage.h"
#include "api/sse.h"
#include "base/utf8.h"
#include "json/write.h"

namespace fathom::api {
namespace {

bool BeginsCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

// The text of a token, or "bytes:\xe2\x82" for a part of a character, as OpenAI wrote them.
std::string OldTokenText(std::string_view bytes) {
  if (IsValidUtf8(bytes)) return std::string(bytes);
  std::string text = "bytes:";
  for (const char byte : bytes) {
    text += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(byte)));
  }
  return text;
}

// The likeliest tokens and the one that came.
json::Value OldTop(const TokenInfo& token) {
  json::Object top;
  for (const TokenInfo::Other& other : token.top) {
    top.Set(OldTokenText(other.bytes), JsonLogprob(other.logprob));
  }
  top.Set(OldTokenText(token.bytes), JsonLogprob(token.logprob));
  return top;
}

std::string_view FinishReasonOf(const FinishedCompletion& answer) {
  return answer.reason == chat::FinishReason::kStop ? "stop" : "length";
}

}  // namespace

void CompletionWriter::OldLogprobs::Add(std::span<const TokenInfo> infos, bool first_is_unscored) {
  for (const TokenInfo& info : infos) {
    const bool unscored = first_is_unscored && &info == &infos[0];
    tokens.emplace_back(OldTokenText(info.bytes));
    token_logprobs.push_back(unscored ? json::Value() : json::Value(JsonLogprob(info.logprob)));
    top_logprobs.push_back(unscored ? json::Value() : OldTop(info));
    // A token that begins inside a character belongs to that one.
    const bool inside = !info.bytes.empty() && !BeginsCharacter(info.bytes[0]) && characters > 0;
    text_offset.emplace_back(characters - (inside ? 1 : 0));
    characters += std::ranges::count_if(info.bytes, BeginsCharacter);
  }
}

json::Value CompletionWriter::OldLogprobs::Take() {
  json::Object taken{{"tokens", std::exchange(tokens, {})},
                     {"token_logprobs", std::exchange(token_logprobs, {})},
                     {"top_logprobs", std::exchange(top_logprobs, {})},
                     {"text_offset", std::exchange(text_offset, {})}};
  return taken;
}

CompletionWriter::CompletionWriter(const CompletionRequest& request)
    : want_logprobs_(request.sampling.logprobs),
      stream_usage_(request.stream_usage),
      waiting_(request.prompts.size() * static_cast<size_t>(request.choices)) {}

void CompletionWriter::Chunk(int choice, std::string_view text, std::string_view finish_reason,
                             std::string* out) {
  OldLogprobs& waiting = waiting_[static_cast<size_t>(choice)];
  out->append(before_).append("[{\"index\":").append(std::to_string(choice));
  out->append(",\"text\":");
  json::DumpString(text, out);
  out->append(",\"logprobs\":");
  json::DumpTo(waiting.empty() ? json::Value() : waiting.Take(), json::Style::kCompact, out);
  out->append(",\"finish_reason\":");
  if (finish_reason.empty()) {
    out->append("null");
  } else {
    json::DumpString(finish_reason, out);
  }
  out->append(stream_usage_ ? "}],\"usage\":null}" : "}]}").append(kSseEnd);
}

void CompletionWriter::Begin(const AnswerHead& head, std::string*) {
  before_ = std::string(kSseData) + "{\"id\":";
  json::DumpString(head.id, &before_);
  before_ += ",\"object\":\"text_completion\",\"created\":" + std::to_string(head.created);
  before_ += ",\"model\":";
  json::DumpString(head.model, &before_);
  before_ += ",\"choices\":";
}

void CompletionWriter::Echo(int choice, const CompletionEcho& echo, std::string* out) {
  if (want_logprobs_) waiting_[static_cast<size_t>(choice)].Add(echo.tokens, true);
  Chunk(choice, echo.text, "", out);
}

void CompletionWriter::Add(int choice, std::string_view text, std::span<const TokenInfo> tokens,
                           std::string* out) {
  if (want_logprobs_) waiting_[static_cast<size_t>(choice)].Add(tokens, false);
  if (!text.empty()) Chunk(choice, text, "", out);
}

void CompletionWriter::End(int choice, const FinishedCompletion& answer, std::string* out) {
  Chunk(choice, "", FinishReasonOf(answer), out);
}

void CompletionWriter::Finish(const AnswerUsage& usage, std::string* out) {
  if (stream_usage_) {
    out->append(before_).append("[],\"usage\":");
    json::DumpTo(UsageToJson(usage), json::Style::kCompact, out);
    out->append("}").append(kSseEnd);
  }
  AppendSse("[DONE]", out);
}

// Without [DONE]: see the chat writer.
void CompletionWriter::Fail(const Status& status, std::string* out) {
  AppendSse(json::Dump(ErrorBody(Dialect::kOpenAi, status), json::Style::kCompact), out);
}

json::Value CompletionWriter::Whole(const AnswerHead& head,
                                    std::span<const FinishedCompletion> choices,
                                    const AnswerUsage& usage) const {
  json::Array written;
  for (const FinishedCompletion& answer : choices) {
    OldLogprobs logprobs;
    if (want_logprobs_ && answer.echo) logprobs.Add(answer.echo->tokens, true);
    if (want_logprobs_) logprobs.Add(answer.tokens, false);
    json::Object choice{{"index", static_cast<int64_t>(written.size())}};
    choice.Set("text", (answer.echo ? answer.echo->text : std::string()) + answer.text);
    choice.Set("logprobs", want_logprobs_ ? logprobs.Take() : json::Value());
    choice.Set("finish_reason", FinishReasonOf(answer));
    written.emplace_back(std::move(choice));
  }
  return json::Object{
      {"id", head.id},       {"object", "text_completion"},   {"created", head.created},
      {"model", head.model}, {"choices", std::move(written)}, {"usage", UsageToJson(usage)}};
}

}  // namespace fathom::api
