// What the streaming parser tells: pieces of reasoning and content, calls with their arguments,
// and how it ended, with a list of everything that had to be mended on the way.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::chat {

enum class EventKind {
  kReasoning,      // a piece of reasoning
  kContent,        // a piece of the answer
  kToolCall,       // a call begins; text is the function's name
  kToolArguments,  // a piece of its arguments; all pieces joined are one JSON object
  kToolCallEnd,    // its arguments are complete
  kEnd,            // the last event
};

// What models get wrong and how it is taken. No repairs means that the strict parser (parse.h)
// accepts the completion too, with the same result.
enum class Repair {
  kMissingBlankLine,
  kBareInvoke,
  kSecondBlock,
  kMissingClose,
  kTagWithoutToken,
  kStrayTag,
  kSpacing,
  kAttributes,
  kJsonBody,
  kDuplicateParameter,
  kInvalidJson,
  kTrimmedValue,
  kDroppedText,
  kDroppedCall,
  kTextAfterCalls,
  kUnclosedThinking,
  kStrayThinkTag,
  kStraySpecial,
  kCount,
};

struct RepairInfo {
  Repair repair;
  std::string_view name;  // for logs, tests and metadata
  std::string_view what;
};

inline constexpr std::array<RepairInfo, size_t(Repair::kCount)> kRepairs = {{
    {Repair::kMissingBlankLine, "missing_blank_line", "no empty line before the tool block"},
    {Repair::kBareInvoke, "bare_invoke", "a call outside a tool block"},
    {Repair::kSecondBlock, "second_block", "more than one tool block; all calls count"},
    {Repair::kMissingClose, "missing_close", "tags still open at the end, or closed by others"},
    {Repair::kTagWithoutToken, "tag_without_token", "tags written without the DSML token"},
    {Repair::kStrayTag, "stray_tag", "a tag where it means nothing was removed"},
    {Repair::kSpacing, "spacing", "line breaks round the tags differ"},
    {Repair::kAttributes, "attributes", "a tag's attributes are written in another form"},
    {Repair::kJsonBody, "json_body", "the arguments came as one JSON object"},
    {Repair::kDuplicateParameter, "duplicate_parameter",
     "a parameter came twice; the first counts"},
    {Repair::kInvalidJson, "invalid_json", "a value that is no JSON became a string"},
    {Repair::kTrimmedValue, "trimmed_value", "odd white space round a JSON value was removed"},
    {Repair::kDroppedText, "dropped_text", "text between the parameters of a call was removed"},
    {Repair::kDroppedCall, "dropped_call", "a call without a readable name was removed"},
    {Repair::kTextAfterCalls, "text_after_calls", "text between or after the calls was kept"},
    {Repair::kUnclosedThinking, "unclosed_thinking",
     "a call or the end came before the reasoning was closed"},
    {Repair::kStrayThinkTag, "stray_think_tag", "a <think> or </think> too many"},
    {Repair::kStraySpecial, "stray_special", "another special token was removed"},
}};

constexpr bool RepairRowsMatch() {
  for (size_t i = 0; i < kRepairs.size(); ++i) {
    if (kRepairs[i].repair != static_cast<Repair>(i)) return false;
  }
  return true;
}
static_assert(RepairRowsMatch(), "kRepairs needs one row per Repair, in enum order");

class RepairSet {
 public:
  void Add(Repair repair) { bits_ |= Bit(repair); }
  bool Has(Repair repair) const { return (bits_ & Bit(repair)) != 0; }
  bool empty() const { return bits_ == 0; }
  // The names, in the order of the table.
  std::vector<std::string_view> Names() const {
    std::vector<std::string_view> names;
    for (const RepairInfo& row : kRepairs) {
      if (Has(row.repair)) names.push_back(row.name);
    }
    return names;
  }
  bool operator==(const RepairSet&) const = default;

 private:
  static uint32_t Bit(Repair repair) { return uint32_t{1} << static_cast<int>(repair); }
  uint32_t bits_ = 0;
};
static_assert(size_t(Repair::kCount) <= 32);

enum class FinishReason {
  kStop,       // the model ended its answer, or a stop string did
  kToolCalls,  // the model ended, and there are calls to run
  kLength,     // cut off by the number of tokens
  kLimit,      // cut off by one of the parser's own limits
  kCancelled,
};

// "stop", "tool_calls", "length", "limit", "cancelled".
std::string_view Name(FinishReason reason);

// Which limit of StreamLimits ended the stream.
enum class LimitHit { kNone, kCalls, kArgumentBytes, kNameBytes };

// What was not closed when the stream ended and could not be mended.
enum class OpenSection { kNone, kReasoning, kToolBlock, kToolCall };

struct StreamEnd {
  FinishReason reason = FinishReason::kStop;
  LimitHit limit = LimitHit::kNone;
  OpenSection open = OpenSection::kNone;
  int complete_calls = 0;
  int incomplete_call = -1;  // the index of a call that began and never ended
  RepairSet repairs;
  bool operator==(const StreamEnd&) const = default;
};

struct StreamEvent {
  EventKind kind = EventKind::kContent;
  int call = -1;       // kToolCall, kToolArguments, kToolCallEnd: 0, 1, ...
  std::string text;    // never half a character
  StreamEnd end = {};  // kEnd
  bool operator==(const StreamEvent&) const = default;
};

}  // namespace fathom::chat
