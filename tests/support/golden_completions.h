// Completions of the model with golden data: what it wrote behind a prompt, and in which mode.
#pragma once

#include <string>
#include <vector>

#include "base/check.h"
#include "base/mapped_file.h"
#include "chat/dsml.h"
#include "support/golden_json.h"

namespace fathom::test {

struct GoldenCompletion {
  std::string text;
  bool thinking;
};

// The random ones, the hand-picked ones, and the turns of the published conversation.
inline std::vector<GoldenCompletion> GoldenCompletions() {
  std::vector<GoldenCompletion> completions;
  const auto add = [&](const json::Value& arguments) {
    completions.push_back({arguments.Find("text")->string(),
                           arguments.Find("thinking_mode")->string() == "thinking"});
  };
  const json::Value cases = GoldenJson("encoding/cases.json");
  for (const json::Value& one : cases.Find("parse")->array()) add(one);
  const json::Value edge = GoldenJson("encoding/edge_parse.json");
  for (const json::Value& one : edge.array()) add(*one.Find("args"));

  Result<std::string> published =
      ReadFile(FATHOM_GOLDEN_DIR "/encoding/official_output.txt", 1 << 20);
  FATHOM_CHECK(published.ok(), "{}", published.status().message());
  size_t turn = 0, turns = 0;
  for (size_t end = published->find(chat::kEos); end != std::string::npos;
       end = published->find(chat::kEos, turn)) {
    end += chat::kEos.size();
    std::string text = published->substr(turn, end - turn);
    turn = end;
    ++turns;
    // What the model wrote stands behind the last user's or tool's think tag.
    const size_t think = text.rfind("<think>"), no_think = text.rfind("</think>");
    const bool thinking = think != std::string::npos;
    text = text.substr(thinking ? think + 7 : no_think + 8);
    completions.push_back({std::move(text), thinking});
  }
  FATHOM_CHECK(turns == 5, "{} turns", turns);
  return completions;
}

}  // namespace fathom::test
