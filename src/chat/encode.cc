#include "chat/encode.h"

#include <fmt/format.h>

#include <optional>
#include <variant>
#include <vector>

#include "chat/dsml.h"
#include "chat/python_access.h"
#include "chat/tools_prompt.h"
#include "json/parse.h"
#include "json/python_repr.h"
#include "json/write.h"

namespace fathom::chat {
namespace {

using Failure = std::optional<PythonError>;
using json::PythonStr;
using json::Value;

PythonError AssertionError(std::string message) {
  return {ErrorType::kAssertionError, std::move(message)};
}

bool Is(const Value& value, std::string_view text) {
  return value.is_string() && value.string() == text;
}

// The last index with role user or developer, -1 when there is none. Walks from the end as the
// official code does, so a message that is no object is found, or not, in the same order.
Outcome<ptrdiff_t> LastUser(const std::vector<const Value*>& messages) {
  for (auto i = static_cast<ptrdiff_t>(messages.size()) - 1; i >= 0; --i) {
    const Outcome<const Value*> role = Get(*messages[static_cast<size_t>(i)], "role");
    if (!role.ok()) return role.error();
    if (Is(**role, "user") || Is(**role, "developer")) return i;
  }
  return ptrdiff_t{-1};
}

// What drop_thinking leaves: before the last user message, developer messages and those of unknown
// roles go. (Reasoning goes as well, but nothing there would print it.)
Outcome<std::vector<const Value*>> DropThinking(const std::vector<const Value*>& messages) {
  const Outcome<ptrdiff_t> last_user = LastUser(messages);
  if (!last_user.ok()) return last_user.error();
  std::vector<const Value*> kept;
  for (size_t i = 0; i < messages.size(); ++i) {
    const Outcome<const Value*> role = Get(*messages[i], "role");
    if (!role.ok()) return role.error();
    const bool known =
        Is(**role, "user") || Is(**role, "system") || Is(**role, "tool") || Is(**role, "assistant");
    if (known || static_cast<ptrdiff_t>(i) >= *last_user) kept.push_back(messages[i]);
  }
  return kept;
}

// The members of a message that are printed; None where they are absent.
struct Fields {
  const Value* role = nullptr;
  const Value* content = nullptr;
  const Value* reasoning = nullptr;
  const Value* response_format = nullptr;
  std::vector<const Value*> functions;  // of tools
  struct Call {
    const Value* name;
    const Value* arguments;
  };
  std::vector<Call> calls;
};

Outcome<Fields> ReadFields(const Value& message) {
  Fields fields;
  const auto get = [&](std::string_view key) { return *Get(message, key); };
  if (const auto role = Get(message, "role"); !role.ok()) return role.error();
  fields.role = get("role");
  fields.content = get("content");
  fields.reasoning = get("reasoning_content");
  fields.response_format = get("response_format");
  if (const Value* tools = get("tools"); Truthy(*tools)) {
    auto functions = SubscriptEach(*tools, "function");
    if (!functions.ok()) return functions.error();
    fields.functions = std::move(*functions);
  }
  if (const Value* calls = get("tool_calls"); Truthy(*calls)) {
    if (!calls->is_array()) return SubscriptEach(*calls, "function").error();
    for (const Value& call : calls->array()) {
      const auto function = Subscript(call, "function");
      if (!function.ok()) return function.error();
      const auto name = Subscript(**function, "name");
      if (!name.ok()) return name.error();
      const auto arguments = Subscript(**function, "arguments");
      if (!arguments.ok()) return arguments.error();
      fields.calls.push_back({*name, *arguments});
    }
  }
  return fields;
}

// Prints messages of one list. Everything about the list as a whole is worked out once, where the
// official code searches it again for every message.
class Renderer {
 public:
  Renderer(std::vector<const Value*> messages, const Value& mode, Prompt* out)
      : messages_(std::move(messages)),
        mode_(mode),
        thinking_(Is(mode, "thinking")),
        last_user_(LastUser(messages_)),
        out_(*out) {
    before_tools_.reserve(messages_.size());
    ptrdiff_t before = -1;
    for (size_t i = 0; i < messages_.size(); ++i) {
      before_tools_.push_back(before);
      const Value* role = messages_[i]->Find("role");
      if (role == nullptr || !Is(*role, "tool")) before = static_cast<ptrdiff_t>(i);
    }
  }

  Failure Render(size_t index) {
    if (index >= messages_.size()) return AssertionError("");
    if (!thinking_ && !Is(mode_, "chat")) {
      return AssertionError(fmt::format("Invalid thinking_mode `{}`", PythonStr(mode_)));
    }
    if (!last_user_.ok()) return last_user_.error();
    const Outcome<Fields> read = ReadFields(*messages_[index]);
    if (!read.ok()) return read.error();
    const Fields& fields = *read;

    if (Is(*fields.role, "system")) return System(fields);
    if (Is(*fields.role, "developer")) return Developer(index, fields);
    if (Is(*fields.role, "user")) return User(index, fields);
    if (Is(*fields.role, "tool")) return Tool(index, fields);
    if (Is(*fields.role, "assistant")) return Assistant(index, fields);
    return PythonError{ErrorType::kNotImplementedError,
                       fmt::format("Unknown role: {}", PythonStr(*fields.role))};
  }

 private:
  Failure System(const Fields& fields) {
    AddUnlessFalse(*fields.content);
    AddToolsAndFormat(fields);
    return {};
  }

  Failure Developer(size_t index, const Fields& fields) {
    if (!Truthy(*fields.content)) {
      return AssertionError(fmt::format("Invalid message for role `developer`: {}",
                                        json::PythonRepr(*messages_[index])));
    }
    out_.AddSpecial(kUser);
    AddToolsAndFormat(fields);
    out_.AddText("\n\n# The user's message is: ");
    out_.AddText(PythonStr(*fields.content));
    out_.AddSpecial(kAssistant);
    AddThink(static_cast<ptrdiff_t>(index) == *last_user_);
    return {};
  }

  Failure User(size_t index, const Fields& fields) {
    out_.AddSpecial(kUser);
    out_.AddText(PythonStr(*fields.content));
    out_.AddSpecial(kAssistant);
    AddThink(static_cast<ptrdiff_t>(index) == *last_user_);
    return {};
  }

  // Results belong to the calls of the nearest earlier message that is no result, by position.
  Failure Tool(size_t index, const Fields& fields) {
    const ptrdiff_t before = before_tools_[index];
    // Index -1 is Python's last element: with nothing before the results, that one is asked.
    const Value& caller = *(before < 0 ? messages_.back() : messages_[static_cast<size_t>(before)]);
    const Outcome<const Value*> role = Get(caller, "role");
    if (!role.ok()) return role.error();
    if (index > 0 && (before < 0 || !Is(**role, "assistant"))) {
      return AssertionError(
          fmt::format("Invalid messages at {}:\n{}", index, json::PythonRepr(caller)));
    }
    const auto order = static_cast<size_t>(static_cast<ptrdiff_t>(index) - before);
    const Value& calls = **Get(caller, "tool_calls");
    size_t count = 0;
    if (Truthy(calls)) {
      const Outcome<size_t> length = Length(calls);
      if (!length.ok()) return length.error();
      count = *length;
    }
    if (count < order) return AssertionError("No tool calls but found tool output");

    if (order == 1) out_.AddText("\n\n<function_results>");
    out_.AddText("\n<result>");
    out_.AddText(PythonStr(*fields.content));
    out_.AddText("</result>");
    if (order == count) {
      out_.AddText("\n</function_results>\n\n");
      AddThink(static_cast<ptrdiff_t>(index) >= *last_user_);
    }
    return {};
  }

  Failure Assistant(size_t index, const Fields& fields) {
    if (thinking_ && static_cast<ptrdiff_t>(index) > *last_user_) {
      if (!Truthy(*fields.reasoning) && fields.calls.empty()) {
        return AssertionError(
            fmt::format("ThinkingMode: {}, invalid message without reasoning_content/tool_calls "
                        "`{}` after last user message",
                        PythonStr(mode_), json::PythonRepr(*messages_[index])));
      }
      AddUnlessFalse(*fields.reasoning);
      out_.AddSpecial(kThinkClose);
    }
    AddUnlessFalse(*fields.content);
    if (Failure failure = AppendCalls(fields)) return failure;
    out_.AddSpecial(kEos);
    return {};
  }

  Failure AppendCalls(const Fields& fields) {
    if (fields.calls.empty()) return {};
    out_.AddTemplate("\n\n<｜DSML｜function_calls>\n");
    for (const Fields::Call& call : fields.calls) {
      if (!call.arguments->is_string()) {
        return PythonError{ErrorType::kTypeError,
                           fmt::format("the JSON object must be str, bytes or bytearray, not {}",
                                       PythonTypeName(*call.arguments))};
      }
      const std::string& text = call.arguments->string();
      const auto parsed = json::ParseOrError(text, {.python_constants = true});
      if (const auto* error = std::get_if<json::ParseError>(&parsed)) {
        return PythonError{ErrorType::kJSONDecodeError, error->PythonText(text)};
      }
      const Value& arguments = std::get<Value>(parsed);
      if (!arguments.is_object()) {
        return PythonError{
            ErrorType::kAttributeError,
            fmt::format("'{}' object has no attribute 'items'", PythonTypeName(arguments))};
      }
      out_.AddTemplate("<｜DSML｜invoke name=\"");
      out_.AddText(PythonStr(*call.name));
      out_.AddText("\">\n");
      AppendParameters(arguments.object(), &out_);
      out_.AddTemplate("\n</｜DSML｜invoke>\n");
    }
    out_.AddTemplate("</｜DSML｜function_calls>");
    return {};
  }

  void AddToolsAndFormat(const Fields& fields) {
    if (!fields.functions.empty()) {
      out_.AddText("\n\n");
      AppendTools(fields.functions, &out_);
    }
    if (Truthy(*fields.response_format)) {
      out_.AddText(
          "\n\n## Response Format:\n\nYou MUST strictly adhere to the following schema to "
          "reply:\n");
      out_.AddText(json::Dump(*fields.response_format, json::Style::kPython));
    }
  }

  // value or "".
  void AddUnlessFalse(const Value& value) {
    if (Truthy(value)) out_.AddText(PythonStr(value));
  }

  // The tag that opens the model's turn, or tells it not to reason, belongs to the message before.
  void AddThink(bool current) { out_.AddSpecial(thinking_ && current ? kThinkOpen : kThinkClose); }

  const std::vector<const Value*> messages_;
  const Value& mode_;
  const bool thinking_;
  const Outcome<ptrdiff_t> last_user_;
  std::vector<ptrdiff_t> before_tools_;  // for each message the nearest earlier one that is no tool
  Prompt& out_;
};

}  // namespace

Outcome<Prompt> EncodeMessages(const EncodeArguments& arguments) {
  const bool has_context = Truthy(arguments.context);
  if (!arguments.messages.is_array()) {
    return PythonError{ErrorType::kTypeError,
                       fmt::format("can only concatenate list (not \"{}\") to list",
                                   PythonTypeName(arguments.messages))};
  }
  if (has_context && !arguments.context.is_array()) {
    return PythonError{ErrorType::kTypeError,
                       arguments.context.is_string()
                           ? "can only concatenate str (not \"list\") to str"
                           : fmt::format("unsupported operand type(s) for +: '{}' and 'list'",
                                         PythonTypeName(arguments.context))};
  }
  std::vector<const Value*> all;
  if (has_context) {
    for (const Value& message : arguments.context.array()) all.push_back(&message);
  }
  const size_t context_size = all.size();
  for (const Value& message : arguments.messages.array()) all.push_back(&message);

  Prompt prompt;
  if (Truthy(arguments.add_default_bos_token) && context_size == 0) prompt.AddSpecial(kBos);
  if (Is(arguments.thinking_mode, "thinking") && Truthy(arguments.drop_thinking)) {
    Outcome<std::vector<const Value*>> kept = DropThinking(all);
    if (!kept.ok()) return kept.error();
    all = std::move(*kept);
  }
  // The count is that of the original list: one that became shorter is run out of.
  Renderer renderer(std::move(all), arguments.thinking_mode, &prompt);
  for (size_t i = 0; i < arguments.messages.array().size(); ++i) {
    if (Failure failure = renderer.Render(context_size + i)) return *std::move(failure);
  }
  return prompt;
}

Result<Prompt> Encode(std::span<const Message> messages, const EncodeOptions& options) {
  FATHOM_CHECK(options.encoded_before <= messages.size(), "{} of {} messages encoded before",
               options.encoded_before, messages.size());
  EncodeArguments arguments;
  arguments.thinking_mode = options.thinking_mode == ThinkingMode::kThinking ? "thinking" : "chat";
  arguments.drop_thinking = false;
  arguments.add_default_bos_token = options.begin_of_sentence;
  arguments.context = ToJson(messages.first(options.encoded_before));
  arguments.messages = ToJson(messages.subspan(options.encoded_before));
  return EncodeMessages(arguments).ToResult();
}

}  // namespace fathom::chat
