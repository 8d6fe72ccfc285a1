// A script for ScriptedModel in words: what the model says to a message that holds a text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "support/scripted_model.h"
#include "tokenizer/tokenizer.h"

namespace fathom::test {

struct Line {
  std::string when;  // in the last message of the user, or in the results of tools behind it
  // The model's words and markup, </think> behind its reasoning if it has one. Asked not to think,
  // it says what stands behind that.
  std::string say;
  bool spelled = false;  // in one token a byte instead of the tokenizer's own
  bool broken = false;   // and then the logits are broken
};

// [{"when": …, "say": …, "spelled": true, "broken": true}], the first line that fits counts; none:
// "I don't know."
Result<std::vector<Line>> LinesFromJson(std::string_view text);

// The tokenizer outlives the script. What the answer was begun with is gone on from.
Script ChatScript(const Tokenizer& tokenizer, std::vector<Line> lines);

}  // namespace fathom::test
