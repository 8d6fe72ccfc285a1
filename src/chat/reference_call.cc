#include "chat/reference_call.h"

#include <algorithm>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "chat/encode.h"
#include "chat/parse.h"
#include "chat/python_access.h"
#include "json/parse.h"
#include "json/write.h"

namespace fathom::chat {
namespace {

using json::Value;

// 'a', 'a' and 'b', 'a', 'b', and 'c': as Python lists the names of missing arguments.
std::string ListNames(const std::vector<std::string_view>& names) {
  std::string list;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0 && names.size() > 2) list += ",";
    if (i > 0) list += i + 1 == names.size() ? " and " : " ";
    list += fmt::format("'{}'", names[i]);
  }
  return list;
}

// What Python says of a call whose keyword arguments do not fit; an empty text when they do.
std::string WrongArguments(std::string_view function, const Value& arguments,
                           std::span<const std::string_view> required,
                           std::span<const std::string_view> optional) {
  if (!arguments.is_object()) {
    return fmt::format("{}() argument after ** must be a mapping, not {}", function,
                       PythonTypeName(arguments));
  }
  for (const json::Member& member : arguments.object()) {
    const auto is_it = [&](std::string_view name) { return name == member.key; };
    if (std::ranges::none_of(required, is_it) && std::ranges::none_of(optional, is_it)) {
      return fmt::format("{}() got an unexpected keyword argument '{}'", function, member.key);
    }
  }
  std::vector<std::string_view> missing;
  for (const std::string_view name : required) {
    if (arguments.Find(name) == nullptr) missing.push_back(name);
  }
  if (missing.empty()) return "";
  return fmt::format("{}() missing {} required positional argument{}: {}", function, missing.size(),
                     missing.size() == 1 ? "" : "s", ListNames(missing));
}

// The official shape: every member is there, empty or not.
Value OfficialMessage(const Message& message) {
  json::Array calls;
  for (const ToolCall& call : message.tool_calls) {
    calls.emplace_back(json::Object{
        {"type", Value("function")},
        {"function",
         json::Object{{"name", Value(call.name)}, {"arguments", Value(call.arguments)}}}});
  }
  return json::Object{{"role", Value("assistant")},
                      {"content", Value(message.content.value_or(""))},
                      {"reasoning_content", Value(message.reasoning)},
                      {"tool_calls", Value(std::move(calls))}};
}

std::string ErrorLine(const PythonError& error) {
  const Value line = json::Object{{"error", json::Object{{"type", Value(Name(error.type))},
                                                         {"message", Value(error.message)}}}};
  return json::Dump(line, json::Style::kPython);
}

// Reads the line, calls, and wraps the answer, which `to_json` makes a Value.
template <typename Call, typename ToValue>
std::string Answer(std::string_view line, std::string_view name, Call call, ToValue to_value) {
  const auto parsed = json::ParseOrError(line, {.python_constants = true});
  if (const auto* error = std::get_if<json::ParseError>(&parsed)) {
    return ErrorLine({ErrorType::kJSONDecodeError, error->PythonText(line)});
  }
  auto outcome = call(std::get<Value>(parsed));
  if (!outcome.ok()) return ErrorLine(outcome.error());
  json::Object answer;
  answer.Set(std::string(name), to_value(*outcome));
  return json::Dump(answer, json::Style::kPython);
}

}  // namespace

Outcome<Prompt> CallEncodeMessages(Value arguments) {
  constexpr std::string_view kRequired[] = {"messages", "thinking_mode"};
  constexpr std::string_view kOptional[] = {"context", "drop_thinking", "add_default_bos_token"};
  if (std::string wrong = WrongArguments("encode_messages", arguments, kRequired, kOptional);
      !wrong.empty()) {
    return PythonError{ErrorType::kTypeError, std::move(wrong)};
  }
  EncodeArguments encode;
  const auto take = [&](std::string_view name, Value* into) {
    if (Value* given = arguments.object().Find(name)) *into = std::move(*given);
  };
  take("messages", &encode.messages);
  take("thinking_mode", &encode.thinking_mode);
  take("context", &encode.context);
  take("drop_thinking", &encode.drop_thinking);
  take("add_default_bos_token", &encode.add_default_bos_token);
  return EncodeMessages(encode);
}

Outcome<Value> CallParseMessage(const Value& arguments) {
  constexpr std::string_view kRequired[] = {"text", "thinking_mode"};
  if (std::string wrong =
          WrongArguments("parse_message_from_completion_text", arguments, kRequired, {});
      !wrong.empty()) {
    return PythonError{ErrorType::kTypeError, std::move(wrong)};
  }
  const Value& text = *arguments.Find("text");
  const Value& mode = *arguments.Find("thinking_mode");
  if (!text.is_string()) {
    // len(text) comes first, text.find(...) next.
    if (const Outcome<size_t> length = Length(text); !length.ok()) return length.error();
    return PythonError{ErrorType::kAttributeError,
                       fmt::format("'{}' object has no attribute 'find'", PythonTypeName(text))};
  }
  const bool thinking = mode.is_string() && mode.string() == "thinking";
  const Outcome<Message> message = ParseCompletion(text.string(), thinking);
  if (!message.ok()) return message.error();
  return OfficialMessage(*message);
}

std::string EncodeLine(std::string_view line) {
  return Answer(line, "prompt", CallEncodeMessages,
                [](const Prompt& prompt) { return Value(prompt.Joined()); });
}

std::string ParseLine(std::string_view line) {
  return Answer(line, "message", CallParseMessage, [](const Value& message) { return message; });
}

}  // namespace fathom::chat
