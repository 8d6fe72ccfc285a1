// Requests to the server's APIs for tests, and what their streams say.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "json/parse.h"
#include "json/value.h"
#include "json/write.h"
#include "support/http_client.h"

namespace fathom::test {

inline std::string PostText(std::string_view path, std::string_view body,
                            std::string_view headers = "") {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{}Content-Length: "
      "{}\r\n\r\n{}",
      path, headers, body.size(), body);
}
inline std::string GetText(std::string_view path, std::string_view headers = "") {
  return fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", path, headers);
}

inline HttpAnswer Post(uint16_t port, std::string_view path, std::string_view body,
                       std::string_view headers = "") {
  HttpClient client(port);
  FATHOM_CHECK(client.Send(PostText(path, body, headers)), "the server has closed");
  return client.Read();
}
inline HttpAnswer Get(uint16_t port, std::string_view path, std::string_view headers = "") {
  HttpClient client(port);
  FATHOM_CHECK(client.Send(GetText(path, headers)), "the server has closed");
  return client.Read();
}

inline json::Value JsonOf(const HttpAnswer& answer) {
  auto value = json::Parse(answer.body);
  FATHOM_CHECK(value.ok(), "{}: {}", value.status().message(), answer.body);
  return *std::move(value);
}

// value.at("choices.0.message.content"); null where nothing is.
inline json::Value At(const json::Value& value, std::string_view path) {
  const json::Value* at = &value;
  while (!path.empty()) {
    const size_t dot = std::min(path.find('.'), path.size());
    const std::string_view name = path.substr(0, dot);
    path.remove_prefix(std::min(path.size(), dot + 1));
    if (at->is_array()) {
      const auto index = static_cast<size_t>(std::atoi(std::string(name).c_str()));
      if (index >= at->array().size()) return nullptr;
      at = &at->array()[index];
    } else {
      at = at->Find(name);
      if (at == nullptr) return nullptr;
    }
  }
  return *at;
}
inline std::string TextAt(const json::Value& value, std::string_view path) {
  const json::Value at = At(value, path);
  return at.is_string() ? at.string() : json::Dump(at, json::Style::kCompact);
}

// The data of a stream's events.
inline std::vector<std::string> EventsOf(std::string_view body) {
  std::vector<std::string> events;
  while (!body.empty()) {
    const size_t end = std::min(body.find("\n\n"), body.size());
    const std::string_view event = body.substr(0, end);
    const size_t data = event.find("data: ");
    if (data != event.npos) events.emplace_back(event.substr(data + 6));
    body.remove_prefix(std::min(body.size(), end + 2));
  }
  return events;
}

// What the chunks of a chat completion amount to.
struct Streamed {
  std::string reasoning, content, finish;
  std::vector<std::string> names, arguments, ids;  // of calls
  bool done = false;                               // [DONE] came
  json::Value usage;
};
inline Streamed JoinChat(std::string_view body) {
  Streamed joined;
  for (const std::string& data : EventsOf(body)) {
    if (data == "[DONE]") {
      joined.done = true;
      continue;
    }
    const auto chunk = json::Parse(data);
    FATHOM_CHECK(chunk.ok(), "{}: {}", chunk.status().message(), data);
    const auto text = [&](std::string_view path) {
      const json::Value at = At(*chunk, path);
      return at.is_string() ? at.string() : std::string();
    };
    joined.reasoning += text("choices.0.delta.reasoning_content");
    joined.content += text("choices.0.delta.content");
    joined.finish += text("choices.0.finish_reason");
    const json::Value calls = At(*chunk, "choices.0.delta.tool_calls");
    for (const json::Value& call : calls.is_array() ? calls.array() : json::Array()) {
      const auto index = static_cast<size_t>(*call.Find("index")->AsInt64());
      joined.names.resize(std::max(joined.names.size(), index + 1));
      joined.arguments.resize(joined.names.size());
      joined.ids.resize(joined.names.size());
      if (const auto name = At(call, "function.name"); name.is_string()) {
        joined.names[index] += name.string();
      }
      if (const auto piece = At(call, "function.arguments"); piece.is_string()) {
        joined.arguments[index] += piece.string();
      }
      if (const auto id = At(call, "id"); id.is_string()) joined.ids[index] += id.string();
    }
    if (const auto usage = At(*chunk, "usage"); usage.is_object()) joined.usage = usage;
  }
  return joined;
}

}  // namespace fathom::test
