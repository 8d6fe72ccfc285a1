// Reads a stream of events with names back: "event: NAME\ndata: {…}\n\n", and nothing else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "json/parse.h"
#include "json/value.h"

namespace fathom::test {

struct NamedEvent {
  std::string name;
  std::string text;  // of the data
  json::Value data;
};

// In order; stops the program on bytes that are no whole events, and on data of another type.
inline std::vector<NamedEvent> ReadEvents(std::string_view bytes) {
  std::vector<NamedEvent> events;
  const auto take = [&](std::string_view before, std::string_view behind) {
    const size_t end = bytes.find(behind);
    FATHOM_CHECK(bytes.starts_with(before) && end != std::string_view::npos, "no event: {}", bytes);
    const std::string_view taken = bytes.substr(before.size(), end - before.size());
    bytes.remove_prefix(end + behind.size());
    return std::string(taken);
  };
  while (!bytes.empty()) {
    NamedEvent event;
    event.name = take("event: ", "\n");
    event.text = take("data: ", "\n\n");
    FATHOM_CHECK(event.text.find('\n') == std::string::npos, "two lines: {}", event.text);
    Result<json::Value> data = json::Parse(event.text);
    FATHOM_CHECK(data.ok(), "{} in {}", data.status().message(), event.text);
    const json::Value* type = data->Find("type");
    FATHOM_CHECK(type != nullptr && type->is_string() && type->string() == event.name,
                 "event {} with {}", event.name, event.text);
    event.data = *std::move(data);
    events.push_back(std::move(event));
  }
  return events;
}

}  // namespace fathom::test
