// The streaming parser on arbitrary pieces. However they are cut the events joined are the same;
// complete calls hold JSON objects within the limits; every event is whole UTF-8; no special token
// reaches reasoning or content; and what the strict parser accepts gives the same message, as does
// everything that needed no repair.
//
// Input: a byte of options, a byte that seeds the cuts, then text in which special strings are
// tokens and each byte below 0x09 or from 0x0E to 0x1F stands for a fragment of markup.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "../support/stream_run.h"
#include "base/check.h"
#include "base/utf8.h"
#include "chat/message_builder.h"
#include "chat/parse.h"
#include "chat/stream_parser.h"
#include "json/parse.h"
#include "json/write.h"

namespace fathom::chat {
namespace {

using test::Piece;
using Cause = StreamParser::Cause;

constexpr std::array<std::string_view, 27> kFragments = {
    "\n\n<｜DSML｜function_calls>\n",
    "</｜DSML｜function_calls>",
    "<｜DSML｜invoke name=\"f\">\n",
    "</｜DSML｜invoke>\n",
    "<｜DSML｜parameter name=\"a\" string=\"true\">",
    "<｜DSML｜parameter name=\"b\" string=\"false\">",
    "</｜DSML｜parameter>\n",
    "｜DSML｜",
    "<",
    // 0x0E
    "</",
    "</think>",
    "<think>",
    "<｜end▁of▁sentence｜>",
    "<｜User｜>",
    "\n\n<function_calls>\n",
    "<invoke name=\"g\">\n",
    "<parameter name=\"a\" string=\"true\">",
    "</parameter>\n",
    "</invoke>\n",
    "</function_calls>",
    " name=\"c\" string=\"true\">",
    "{\"a\": 1}",
    " name='d'>",
    "<｜begin▁of▁sentence｜>",
    "｜",
    "\xE2\x96",
    "<\n/｜DSML｜parameter>\n",
};

struct Input {
  std::vector<Piece> pieces;
  std::string text;   // all pieces joined
  std::string plain;  // those that are no tokens
};

Input ReadInput(std::string_view bytes) {
  Input input;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x09) {
      input.text += kFragments[byte];
    } else if (byte >= 0x0E && byte < 0x20) {
      input.text += kFragments[byte - 0x0E + 9];
    } else {
      input.text += c;
    }
  }
  input.pieces = test::SplitSpecials(input.text);
  for (const Piece& piece : input.pieces) {
    if (!piece.special) input.plain += piece.text;
  }
  return input;
}

// Whether the characters of `part` occur in `text` in this order.
bool IsSubsequence(std::string_view part, std::string_view text) {
  size_t found = 0;
  for (const char c : text) found += found < part.size() && part[found] == c;
  return found == part.size();
}

void CheckEvents(const std::vector<StreamEvent>& events, const Input& input,
                 const StreamLimits& limits) {
  int calls = 0;
  std::string arguments;
  for (const StreamEvent& event : events) {
    FATHOM_CHECK((event.kind == EventKind::kEnd) == (&event == &events.back()), "end not last");
    FATHOM_CHECK(IsValidUtf8(event.text), "half a character");
    switch (event.kind) {
      case EventKind::kReasoning:
      case EventKind::kContent:
        for (const std::string_view token : {kDsml, kBos, kEos, kUser, kAssistant}) {
          FATHOM_CHECK(
              event.text.find(token) == std::string::npos || IsSubsequence(token, input.plain),
              "{} in {}", token, event.text);
        }
        break;
      case EventKind::kToolCall:
        FATHOM_CHECK(event.call == calls++ && calls <= limits.max_calls, "call {}", event.call);
        FATHOM_CHECK(event.text.size() <= limits.max_name_bytes, "name {}", event.text);
        arguments.clear();
        break;
      case EventKind::kToolArguments:
        arguments += event.text;
        FATHOM_CHECK(arguments.size() <= limits.max_argument_bytes + 1, "{}", arguments.size());
        break;
      case EventKind::kToolCallEnd: {
        const Result<json::Value> value = json::Parse(arguments, {.python_constants = true});
        FATHOM_CHECK(value.ok() && value->is_object(), "no JSON object: {}", arguments);
        break;
      }
      case EventKind::kEnd:
        FATHOM_CHECK(event.end.complete_calls <= calls, "{} calls", event.end.complete_calls);
        break;
    }
  }
}

// Joined, and without the arguments of a call that a limit cut off: how much of them was told
// before depends on the pieces.
std::vector<StreamEvent> Comparable(const std::vector<StreamEvent>& events) {
  std::vector<StreamEvent> joined = test::Joined(events);
  const StreamEnd end = joined.back().end;
  if (end.limit != LimitHit::kNone) {
    std::erase_if(joined, [&](const StreamEvent& event) {
      return event.kind == EventKind::kToolArguments && event.call == end.incomplete_call;
    });
  }
  return joined;
}

std::string Show(const std::vector<StreamEvent>& events) {
  std::string shown;
  for (const StreamEvent& event : events) {
    shown += fmt::format("\n  {} {} {:?}", static_cast<int>(event.kind), event.call, event.text);
  }
  const StreamEnd& end = events.back().end;
  shown += fmt::format("\n  end {} limit {} open {}, {} complete, incomplete {}:", Name(end.reason),
                       static_cast<int>(end.limit), static_cast<int>(end.open), end.complete_calls,
                       end.incomplete_call);
  for (const std::string_view name : end.repairs.Names()) shown.append(" ").append(name);
  return shown;
}

std::string Show(const Message& message) {
  return json::Dump(ToJson(message), json::Style::kPython);
}

// Texts that the official format itself makes ambiguous, or that differ because a token is one.
bool IsBeyondComparison(const Message& strict, const Input& input) {
  for (const ToolCall& call : strict.tool_calls) {
    if (call.name.find("\">") != std::string::npos) return true;
    if (call.name.find(kDsml) != std::string::npos) return true;
  }
  const size_t eos = input.text.find(kEos);
  if (eos != std::string::npos && eos + kEos.size() != input.text.size()) return true;
  for (const std::string_view token : {kUser, kAssistant}) {
    if (strict.content->find(token) != std::string::npos) return true;
    if (strict.reasoning.find(token) != std::string::npos) return true;
  }
  return false;
}

void CompareWithStrict(const std::vector<StreamEvent>& events, const Input& input, bool thinking) {
  const StreamEnd& end = events.back().end;
  if (end.limit != LimitHit::kNone || !IsValidUtf8(input.text)) return;
  MessageBuilder builder;
  for (const StreamEvent& event : events) builder.Add(event);
  if (end.repairs.empty()) {
    const std::string written = input.text.substr(0, input.text.find(kEos)) + std::string(kEos);
    const Outcome<Message> strict = ParseCompletion(written, thinking);
    FATHOM_CHECK(strict.ok(), "accepted without repair, but: {}\n{}", strict.error().message,
                 Show(events));
  }
  const Outcome<Message> strict = ParseCompletion(input.text, thinking);
  if (!strict.ok() || IsBeyondComparison(*strict, input)) return;
  // A block in plain text is content to the strict parser.
  if (end.repairs.Has(Repair::kTagWithoutToken)) return;
  Message expected = *strict;
  FATHOM_CHECK(expected.tool_calls.size() == builder.message().tool_calls.size(), "{}\n{}",
               Show(expected), Show(events));
  if (end.repairs.Has(Repair::kInvalidJson)) {
    for (size_t i = 0; i < expected.tool_calls.size(); ++i) {
      expected.tool_calls[i].arguments = builder.message().tool_calls[i].arguments;
    }
  }
  FATHOM_CHECK(expected == builder.message(), "{}\n{}", Show(expected), Show(events));
}

void TestOneInput(uint8_t flags, uint8_t seed, std::string_view bytes) {
  const Input input = ReadInput(bytes);
  StreamOptions options;
  options.start_in_reasoning = (flags & 1) != 0;
  options.plain_tags = (flags & 2) == 0;
  if ((flags & 4) != 0) {
    options.limits = {.max_calls = 2, .max_argument_bytes = 40, .max_name_bytes = 6};
  }
  constexpr std::array kCauses = {Cause::kEndOfText, Cause::kLength, Cause::kStopString,
                                  Cause::kCancelled};
  const Cause cause = kCauses[flags >> 3 & 3];

  const auto whole = test::Run(input.pieces, options, cause, [](size_t left) { return left; });
  CheckEvents(whole, input, options.limits);
  std::mt19937 random(seed);
  const auto cut = test::Run(input.pieces, options, cause,
                             [&](size_t left) { return 1 + random() % std::min<size_t>(left, 8); });
  CheckEvents(cut, input, options.limits);
  FATHOM_CHECK(Comparable(whole) == Comparable(cut), "cut otherwise:{}\nwhole:{}",
               Show(Comparable(cut)), Show(Comparable(whole)));
  const auto single = test::Run(input.pieces, options, cause, [](size_t) { return size_t{1}; });
  FATHOM_CHECK(Comparable(whole) == Comparable(single), "by bytes:{}\nwhole:{}",
               Show(Comparable(single)), Show(Comparable(whole)));
  if (cause == Cause::kEndOfText) CompareWithStrict(whole, input, options.start_in_reasoning);
}

}  // namespace
}  // namespace fathom::chat

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  fathom::chat::TestOneInput(data[0], data[1], {reinterpret_cast<const char*>(data + 2), size - 2});
  return 0;
}
