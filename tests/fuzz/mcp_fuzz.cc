// What an MCP server says, in any bytes: as lines and as events, cut anywhere, the same messages
// come out; those that are read can be written and read again; lists of tools and results of calls
// stay within their limits.
//
// The first byte is the size of the pieces.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"
#include "mcp/event_reader.h"
#include "mcp/line_reader.h"
#include "mcp/message.h"
#include "mcp/tool_list.h"
#include "mcp/tool_result.h"

namespace fathom::mcp {
namespace {

constexpr size_t kMost = 2000;

struct Outcome {
  std::vector<std::string> texts;
  bool failed = false;
  bool operator==(const Outcome&) const = default;
};

template <typename Reader, typename Add>
Outcome Cut(std::string_view bytes, size_t step, const Add& add) {
  Reader reader(kMost);
  Outcome outcome;
  for (size_t at = 0; at < bytes.size() && !outcome.failed; at += step) {
    outcome.failed = !add(reader, bytes.substr(at, step), &outcome.texts).ok();
  }
  return outcome;
}

Outcome Lines(std::string_view bytes, size_t step) {
  return Cut<LineReader>(bytes, step, [](LineReader& reader, std::string_view piece, auto* texts) {
    return reader.Add(piece, [&](std::string_view line) { texts->emplace_back(line); });
  });
}

Outcome Events(std::string_view bytes, size_t step) {
  return Cut<EventReader>(
      bytes, step, [](EventReader& reader, std::string_view piece, auto* texts) {
        return reader.Add(piece, [&](const std::string& data) { texts->push_back(data); });
      });
}

// The same message in our own words.
std::string TextOf(const Message& message) {
  if (message.kind == Message::Kind::kNotification) {
    return NotificationText(message.method, message.params);
  }
  if (message.kind == Message::Kind::kResponse) {
    return message.error ? ErrorText(message.id, *message.error)
                         : ResultText(message.id, message.result);
  }
  // Ours have numbers.
  const std::optional<int64_t> id = message.id.AsInt64();
  return RequestText(id.value_or(0), message.method, message.params);
}

void TryResult(const json::Value& result) {
  ToolListReader list(std::nullopt);
  const auto cursor = list.AddPage(result);
  FATHOM_CHECK(!cursor.ok() || !*cursor || !(*cursor)->empty(), "an empty cursor");
  const ToolList tools = std::move(list).Finish();
  FATHOM_CHECK(tools.tools.size() <= kMaxTools, "{} tools", tools.tools.size());
  for (const ToolInfo& tool : tools.tools) {
    FATHOM_CHECK(!tool.name.empty() && tool.name.size() <= kMaxRemoteNameBytes, "a name");
    FATHOM_CHECK(tool.schema.is_object(), "a schema that is no object");
  }
  const auto answer = ReadToolAnswer(result);
  FATHOM_CHECK(!answer.ok() || IsValidUtf8(answer->text), "text that is no UTF-8");
}

void TryText(std::string_view text) {
  const auto messages = ReadMessages(text);
  if (!messages.ok()) {
    FATHOM_CHECK(!messages.status().message().empty(), "no reason");
    return;
  }
  FATHOM_CHECK(!messages->empty() && messages->size() <= kMaxBatch, "{}", messages->size());
  for (const Message& message : *messages) {
    const std::string again = TextOf(message);
    FATHOM_CHECK(again.find('\n') == again.npos, "a message of several lines");
    const auto read = ReadMessages(again);
    FATHOM_CHECK(read.ok() && read->size() == 1, "own text is not read: {}", again);
    FATHOM_CHECK(read->front().kind == message.kind && read->front().method == message.method &&
                     read->front().result == message.result,
                 "own text says something else: {}", again);
    if (message.kind == Message::Kind::kResponse) TryResult(message.result);
  }
}

}  // namespace
}  // namespace fathom::mcp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fathom::mcp;
  if (size == 0) return 0;
  const size_t step = data[0] % 31 + 1;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome lines = Lines(bytes, step), events = Events(bytes, step);
  FATHOM_CHECK(lines == Lines(bytes, bytes.size() + 1), "lines in pieces of {}", step);
  FATHOM_CHECK(events == Events(bytes, bytes.size() + 1), "events in pieces of {}", step);
  for (const std::string& text : lines.texts) TryText(text);
  for (const std::string& text : events.texts) TryText(text);
  TryText(bytes);
  return 0;
}
