// The fields of a chat completion that describe tools and the form of the answer: tools,
// tool_choice, parallel_tool_calls, response_format.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "agent/answer_form.h"
#include "base/status.h"
#include "chat/conversation.h"
#include "json/field_reader.h"
#include "json/value.h"

namespace fathom {

inline constexpr size_t kMaxTools = 512;
inline constexpr size_t kMaxToolNameBytes = 128;

// A name that can stand in the model's markup: 1 to kMaxToolNameBytes bytes, none of them a
// control character, a quote, < or >.
Status CheckToolName(std::string_view name, std::string_view path);

// `object`'s member "strict": its schema is to be kept to, not only told.
Result<bool> ReadStrict(const json::Object& object, std::string_view path);

// A tool_choice that is a word: auto, none or required. `tools` says what there are none of, where
// a call is required and there is none to make. Comes after the tools.
Status TakeToolChoice(std::string_view word, std::string_view tools, FormRequest* out);

// A tool_choice that is an object: that its type is "function".
Status CheckChoiceType(const json::FieldReader& choice);
// The function that it names, which `path` says, must be one of the tools, called `tools`.
Status TakeNamedTool(std::string name, std::string_view path, std::string_view tools,
                     FormRequest* out);

// Fills tools, tool_choice, tool_name, parallel_tool_calls, response_format and form.
Status ReadToolFields(const json::Object& request, FormRequest* out);

// Tools and a response_format may stand on a message, as DeepSeek's encoder takes them. The model
// is told of those; kInvalidArgument where one asks for a guarantee, which they don't have, or
// where `request` says something of tools or format too.
Status CheckFormsOfMessages(std::span<const chat::Message> messages, const FormRequest& request);

}  // namespace fathom
