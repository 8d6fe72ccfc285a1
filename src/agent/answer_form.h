// What a request says of tools and of the form of its answer, and what of that is guaranteed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "chat/conversation.h"
#include "grammar/tool_grammar.h"
#include "json/value.h"
#include "sampling/sampling_params.h"

namespace fathom {

enum class ToolChoice {
  kAuto,
  kNone,      // the tools are not shown to the model
  kRequired,  // behind its reasoning the answer is calls
  kNamed,     // the same, of FormRequest::tool_name
};

// Of tools and response_format what is guaranteed, with the places in the client's request that
// errors name.
struct AnswerForm {
  struct StrictTool {
    size_t index = 0;  // among FormRequest::tools
    std::string path;  // of its schema: "tools[0].function.parameters"
    bool operator==(const StrictTool&) const = default;
  };
  std::vector<StrictTool> strict_tools;
  // The answer is the JSON that response_format describes, whose schema stands there; nothing: it
  // is only asked for.
  std::optional<std::string> json_path;
};

struct FormRequest {
  std::vector<chat::ToolDefinition> tools;  // not yet attached to the messages
  json::Value response_format;              // null, or an OpenAI response_format object
  AnswerForm form;
  ToolChoice tool_choice = ToolChoice::kAuto;
  std::string tool_name;            // with kNamed: one of `tools`
  bool parallel_tool_calls = true;  // false: the answer ends behind its first call
};

// The answer is to be a call.
inline bool MustCall(const FormRequest& request) {
  return request.tool_choice == ToolChoice::kRequired || request.tool_choice == ToolChoice::kNamed;
}

// Puts tools and format where the model is told of them: chat::AttachTools.
void AttachForm(const FormRequest& request, std::vector<chat::Message>* messages);

// The form that is guaranteed; nothing where none is: no strict tool, no strict schema, and no call
// that must come. kInvalidArgument for ignore_eos with one, since an answer of a form ends.
Result<std::optional<grammar::AnswerShape>> ShapeOf(const FormRequest& request,
                                                    const SamplingParams& sampling);

}  // namespace fathom
