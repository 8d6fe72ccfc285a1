#include "chat/parse.h"

#include <initializer_list>
#include <optional>
#include <unordered_set>
#include <utility>

#include "chat/dsml.h"

namespace fathom::chat {
namespace {

// None of these ends in ">": what follows them is part of the text up to the next stop.
constexpr std::string_view kBlockStart = "\n\n<｜DSML｜function_calls";
constexpr std::string_view kBlockEnd = "</｜DSML｜function_calls>";
constexpr std::string_view kInvokeStart = "<｜DSML｜invoke";
constexpr std::string_view kInvokeEnd = "</｜DSML｜invoke";
constexpr std::string_view kParameterStart = "<｜DSML｜parameter";
constexpr std::string_view kParameterEnd = "/｜DSML｜parameter";

struct Stretch {
  std::string_view text;                 // up to the stop, or to the end
  std::optional<std::string_view> stop;  // none at the end
};

struct Parameter {
  std::string_view name;
  bool is_string;
  std::string_view value;
};

// The regular expression  ^\s*name="(.*?)">\n$  where $ also stands before a last newline.
std::optional<std::string_view> MatchInvokeHead(std::string_view head) {
  head.remove_prefix(LeadingSpace(head));
  if (!head.starts_with("name=\"")) return std::nullopt;
  head.remove_prefix(6);
  if (head.ends_with("\">\n\n")) return head.substr(0, head.size() - 4);
  if (head.ends_with("\">\n")) return head.substr(0, head.size() - 3);
  return std::nullopt;
}

// The regular expression  ^ name="(.*?)" string="(true|false)">(.*?)<$  in the same reading: the
// first place that can be the end of the name is.
std::optional<Parameter> MatchParameter(std::string_view body) {
  if (!body.starts_with(" name=\"")) return std::nullopt;
  body.remove_prefix(7);
  if (body.ends_with('\n')) body.remove_suffix(1);
  if (!body.ends_with('<')) return std::nullopt;
  body.remove_suffix(1);
  constexpr std::string_view kTrue = "\" string=\"true\">", kFalse = "\" string=\"false\">";
  const size_t if_true = body.find(kTrue), if_false = body.find(kFalse);
  if (if_true == if_false) return std::nullopt;  // neither
  const bool is_string = if_true < if_false;
  const size_t end = is_string ? if_true : if_false;
  return Parameter{body.substr(0, end), is_string,
                   body.substr(end + (is_string ? kTrue : kFalse).size())};
}

class Completion {
 public:
  explicit Completion(std::string_view text) : text_(text) {}

  Outcome<Message> Parse(bool thinking) {
    Message message{.role = Role::kAssistant};
    if (thinking) {
      const Stretch reasoning = Until({kThinkClose, kBlockStart});
      if (reasoning.stop != kThinkClose) return Refuse("Invalid thinking format");
      message.reasoning = reasoning.text;
    }
    Stretch last = Until({kEos, kBlockStart});
    message.content = last.text;
    if (last.stop == kBlockStart) {
      if (auto failure = ReadCalls(&message.tool_calls)) return *std::move(failure);
      last = Until({kEos});
      if (!last.text.empty()) return Refuse("Unexpected content after tool calls");
    } else if (!last.stop) {
      return Refuse("Invalid summary format");
    }
    if (at_ != text_.size()) return Refuse("Unexpected content at end");
    for (const std::string_view token : {kBos, kEos, kThinkOpen, kThinkClose, kDsml}) {
      if (message.content->find(token) != std::string::npos ||
          message.reasoning.find(token) != std::string::npos) {
        return Refuse("Unexpected special token in content");
      }
    }
    return message;
  }

 private:
  static PythonError Refuse(std::string message) {
    return {ErrorType::kAssertionError, std::move(message)};
  }

  // Reads up to and over the first of the stops. One walk over the text for all of them: a search
  // for each would read the rest again and again for a stop that never comes.
  Stretch Until(std::initializer_list<std::string_view> stops) {
    const std::string_view rest = text_.substr(at_);
    // Every stop begins with one of these.
    for (size_t i = rest.find_first_of("<\n/"); i < rest.size();
         i = rest.find_first_of("<\n/", i + 1)) {
      for (const std::string_view stop : stops) {
        if (!rest.substr(i).starts_with(stop)) continue;
        at_ += i + stop.size();
        return {rest.substr(0, i), stop};
      }
    }
    at_ = text_.size();
    return {rest, std::nullopt};
  }

  std::optional<PythonError> ReadCalls(std::vector<ToolCall>* calls) {
    while (at_ < text_.size()) {
      const Stretch gap = Until({kInvokeStart, kBlockEnd});
      if (gap.text != ">\n") return Refuse("Tool call format error");
      if (gap.stop == kBlockEnd) break;
      if (!gap.stop) return Refuse("Missing special token");
      if (auto failure = ReadCall(&calls->emplace_back())) return failure;
    }
    return std::nullopt;
  }

  std::optional<PythonError> ReadCall(ToolCall* call) {
    Stretch gap = Until({kParameterStart, kInvokeEnd});
    const auto name = MatchInvokeHead(gap.text);
    if (!name) return Refuse("Tool name format error");
    call->name = *name;
    call->arguments = "{";
    std::unordered_set<std::string_view> seen;
    while (gap.stop == kParameterStart) {
      const auto parameter = MatchParameter(Until({kParameterEnd}).text);
      if (!parameter) return Refuse("Parameter format error");
      if (!seen.insert(parameter->name).second) return Refuse("Duplicate parameter name");
      if (seen.size() > 1) call->arguments += ", ";
      call->arguments += ArgumentText(parameter->name, parameter->value, parameter->is_string);
      gap = Until({kParameterStart, kInvokeEnd});
      if (gap.text != ">\n") return Refuse("Parameter format error");
    }
    call->arguments += "}";
    return std::nullopt;
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Outcome<Message> ParseCompletion(std::string_view text, bool thinking) {
  return Completion(text).Parse(thinking);
}

}  // namespace fathom::chat
