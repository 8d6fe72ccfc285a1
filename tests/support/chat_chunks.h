// Reads a stream of OpenAI's chat chunks back, as a client does: data lines, deltas joined.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "json/parse.h"
#include "json/value.h"

namespace fathom::test {

// The data of every event, in order; stops the program on bytes that are no whole events.
inline std::vector<std::string> SseData(std::string_view bytes) {
  std::vector<std::string> data;
  while (!bytes.empty()) {
    const size_t end = bytes.find("\n\n");
    FATHOM_CHECK(bytes.starts_with("data: ") && end != std::string_view::npos, "no event: {}",
                 bytes);
    data.emplace_back(bytes.substr(6, end - 6));
    FATHOM_CHECK(data.back().find('\n') == std::string::npos, "two lines: {}", data.back());
    bytes.remove_prefix(end + 2);
  }
  return data;
}

struct JoinedCall {
  std::string id, name, arguments;
  bool operator==(const JoinedCall&) const = default;
};

struct JoinedChoice {
  std::string role, reasoning, content;
  std::vector<JoinedCall> calls;
  json::Array logprobs;
  json::Value finish_reason;
  json::Value repaired;
  bool content_begun = false;
  bool reasoning_after_content = false;
};

struct JoinedChat {
  std::map<int64_t, JoinedChoice> choices;
  json::Value thinking, usage, error;
  bool done = false;
};

inline void JoinText(const json::Value& delta, std::string_view name, std::string* text) {
  if (const json::Value* piece = delta.Find(name)) *text += piece->string();
}

inline void JoinCalls(const json::Value& delta, std::vector<JoinedCall>* calls) {
  const json::Value* pieces = delta.Find("tool_calls");
  if (pieces == nullptr) return;
  for (const json::Value& piece : pieces->array()) {
    const auto index = static_cast<size_t>(*piece.Find("index")->AsInt64());
    if (const json::Value* id = piece.Find("id")) {
      FATHOM_CHECK(index == calls->size(), "call {} begins behind {}", index, calls->size());
      FATHOM_CHECK(piece.Find("type")->string() == "function", "call {} has no type", index);
      calls->push_back({id->string(), piece.Find("function")->Find("name")->string(), ""});
    }
    FATHOM_CHECK(index + 1 == calls->size(), "arguments of call {} of {}", index, calls->size());
    JoinText(*piece.Find("function"), "arguments", &calls->back().arguments);
  }
}

inline void JoinChoice(const json::Value& choice, JoinedChoice* joined) {
  FATHOM_CHECK(joined->finish_reason.is_null(), "a chunk behind the last one");
  const json::Value& delta = *choice.Find("delta");
  FATHOM_CHECK(!joined->role.empty() || delta.Find("role") != nullptr, "a delta before the role");
  JoinText(delta, "role", &joined->role);
  if (delta.Find("reasoning_content")) joined->reasoning_after_content |= joined->content_begun;
  JoinText(delta, "reasoning_content", &joined->reasoning);
  JoinText(delta, "content", &joined->content);
  joined->content_begun |= !joined->content.empty();
  JoinCalls(delta, &joined->calls);
  if (const json::Value* logprobs = choice.Find("logprobs"); !logprobs->is_null()) {
    for (const json::Value& token : logprobs->Find("content")->array()) {
      joined->logprobs.push_back(token);
    }
  }
  joined->finish_reason = *choice.Find("finish_reason");
  if (const json::Value* repaired = choice.Find("repaired")) joined->repaired = *repaired;
}

inline JoinedChat JoinChunks(std::string_view bytes) {
  JoinedChat joined;
  for (const std::string& data : SseData(bytes)) {
    FATHOM_CHECK(!joined.done && joined.error.is_null(), "an event behind the last one: {}", data);
    if (data == "[DONE]") {
      joined.done = true;
      continue;
    }
    const Result<json::Value> chunk = json::Parse(data);
    FATHOM_CHECK(chunk.ok(), "{} in {}", chunk.status().message(), data);
    if (const json::Value* error = chunk->Find("error")) {
      joined.error = *error;
      continue;
    }
    FATHOM_CHECK(chunk->Find("object")->string() == "chat.completion.chunk", "{}", data);
    if (const json::Value* thinking = chunk->Find("thinking")) joined.thinking = *thinking;
    if (const json::Value* usage = chunk->Find("usage"); usage != nullptr && !usage->is_null()) {
      joined.usage = *usage;
    }
    for (const json::Value& choice : chunk->Find("choices")->array()) {
      JoinChoice(choice, &joined.choices[*choice.Find("index")->AsInt64()]);
    }
  }
  return joined;
}

}  // namespace fathom::test
