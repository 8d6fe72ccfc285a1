// The malformed and well-formed completions of tests/cases/chat_parse.
//
// Each line of "chunks" arrives on its own; special strings in it are tokens. \n \t \\ and \xHH
// stand for their bytes, and a \ before "<" or "｜" makes a special string plain text.
// Settings: start reasoning; plain_tags off; finish length, stop_string or cancelled;
// limits CALLS ARGUMENT_BYTES NAME_BYTES.
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "chat/stream_parser.h"
#include "json/write.h"
#include "support/case_file.h"
#include "support/stream_run.h"

namespace fathom::chat {
namespace {

using Cause = StreamParser::Cause;

std::vector<test::Piece> ReadChunk(const std::string& line) {
  std::vector<test::Piece> pieces;
  std::string text;
  bool plain_next = false;  // the pending text begins with an escaped special string
  const auto flush = [&] {
    if (text.empty()) return;
    if (plain_next) {
      pieces.push_back({text, false});
    } else {
      std::ranges::move(test::SplitSpecials(text), std::back_inserter(pieces));
    }
    text.clear();
  };
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\') {
      text.push_back(line[i]);
      continue;
    }
    FATHOM_CHECK(i + 1 < line.size(), "a lone \\ in {}", line);
    const char letter = line[++i];
    if (letter == 'x') {
      text.push_back(static_cast<char>(std::stoi(line.substr(i + 1, 2), nullptr, 16)));
      i += 2;
    } else if (const size_t known = std::string_view("nt\\").find(letter); known < 3) {
      text.push_back("\n\t\\"[known]);
    } else {
      // The special string that stands here, as text.
      flush();
      const auto* token = std::ranges::find_if(kSpecialStrings, [&](std::string_view s) {
        return std::string_view(line).substr(i).starts_with(s);
      });
      FATHOM_CHECK(token != kSpecialStrings.end(), "\\{} in {}", letter, line);
      text = *token;
      plain_next = true;
      flush();
      plain_next = false;
      i += token->size() - 1;
    }
  }
  flush();
  return pieces;
}

std::string Quoted(std::string_view text) {
  std::string quoted;
  json::DumpString(text, &quoted);
  return quoted;
}

void ShowEnd(const StreamEnd& end, std::vector<std::string>* lines) {
  constexpr std::string_view kLimits[] = {"", " limit=calls", " limit=argument_bytes",
                                          " limit=name_bytes"};
  constexpr std::string_view kOpen[] = {"", " open=reasoning", " open=tool_block",
                                        " open=tool_call"};
  std::string line = fmt::format("end {}{}{}", Name(end.reason), kLimits[size_t(end.limit)],
                                 kOpen[size_t(end.open)]);
  if (end.incomplete_call >= 0) line += fmt::format(" incomplete={}", end.incomplete_call);
  lines->push_back(line);
  std::string repairs = "repairs";
  for (const std::string_view name : end.repairs.Names()) repairs.append(" ").append(name);
  if (!end.repairs.empty()) lines->push_back(repairs);
}

std::vector<std::string> Show(const std::vector<StreamEvent>& events) {
  std::vector<std::string> lines;
  for (const StreamEvent& event : test::Joined(events)) {
    switch (event.kind) {
      case EventKind::kReasoning:
        lines.push_back("reasoning " + Quoted(event.text));
        break;
      case EventKind::kContent:
        lines.push_back("content " + Quoted(event.text));
        break;
      case EventKind::kToolCall:
        lines.push_back(fmt::format("tool_call {} {}", event.call, Quoted(event.text)));
        break;
      case EventKind::kToolArguments:
        lines.push_back(fmt::format("tool_arguments {} {}", event.call, event.text));
        break;
      case EventKind::kToolCallEnd:
        lines.push_back(fmt::format("tool_call_end {}", event.call));
        break;
      case EventKind::kEnd:
        ShowEnd(event.end, &lines);
        break;
    }
  }
  return lines;
}

StreamOptions ReadOptions(const test::Case& one) {
  StreamOptions options;
  options.start_in_reasoning = one.Setting("start", "content") == "reasoning";
  options.plain_tags = one.Setting("plain_tags", "on") == "on";
  if (const std::string limits = one.Setting("limits", ""); !limits.empty()) {
    const int read =
        std::sscanf(limits.c_str(), "%d %zu %zu", &options.limits.max_calls,
                    &options.limits.max_argument_bytes, &options.limits.max_name_bytes);
    FATHOM_CHECK(read == 3, "{}: limits {}", one.place, limits);
  }
  return options;
}

TEST(StreamCases, EventsAreAsWritten) {
  const std::map<std::string, Cause> causes = {{"end_of_text", Cause::kEndOfText},
                                               {"stop_string", Cause::kStopString},
                                               {"length", Cause::kLength},
                                               {"cancelled", Cause::kCancelled}};
  for (const test::Case& one : test::ReadCaseFolder("tests/cases/chat_parse")) {
    std::vector<test::Piece> pieces;
    for (const std::string& line : one.Section("chunks")) {
      std::ranges::move(ReadChunk(line), std::back_inserter(pieces));
    }
    const StreamOptions options = ReadOptions(one);
    const Cause cause = causes.at(one.Setting("finish", "end_of_text"));
    const auto whole = Show(test::Run(pieces, options, cause, [](size_t left) { return left; }));
    EXPECT_EQ(whole, one.Section("events")) << one.place << ": " << one.name << "\n"
                                            << [&] {
                                                 std::string text;
                                                 for (const auto& line : whole) {
                                                   text += "  " + line + "\n";
                                                 }
                                                 return text;
                                               }();
    const auto bytes = Show(test::Run(pieces, options, cause, [](size_t) { return size_t{1}; }));
    // A limit may cut an incomplete call's arguments earlier when they come in smaller pieces.
    if (one.settings.contains("limits")) continue;
    EXPECT_EQ(bytes, whole) << one.place << ": " << one.name << ", byte by byte";
  }
}

}  // namespace
}  // namespace fathom::chat
