#include "agent/answer_form.h"

#include <algorithm>
#include <utility>

namespace fathom {
namespace {

grammar::ToolShape ShapeOfTool(const FormRequest& request, size_t index) {
  const chat::ToolDefinition& tool = request.tools[index];
  grammar::ToolShape shape;
  shape.name = tool.name();
  const auto strict =
      std::ranges::find(request.form.strict_tools, index, &AnswerForm::StrictTool::index);
  shape.strict = strict != request.form.strict_tools.end();
  if (!shape.strict) return shape;
  shape.path = strict->path;
  const json::Value* function = tool.object.Find("function");
  const json::Value* parameters = function == nullptr ? nullptr : function->Find("parameters");
  if (parameters != nullptr) shape.parameters = *parameters;
  return shape;
}

json::Value SchemaOf(const json::Value& response_format) {
  const json::Value* described = response_format.Find("json_schema");
  const json::Value* schema = described == nullptr ? nullptr : described->Find("schema");
  return schema == nullptr ? json::Object{{"type", "object"}} : *schema;
}

bool ShowsTools(const FormRequest& request) {
  return request.tool_choice != ToolChoice::kNone && !request.tools.empty();
}

}  // namespace

void AttachForm(const FormRequest& request, std::vector<chat::Message>* messages) {
  std::vector<chat::ToolDefinition> tools;
  if (ShowsTools(request)) tools = request.tools;
  if (!tools.empty() || !request.response_format.is_null()) {
    chat::AttachTools(std::move(tools), request.response_format, messages);
  }
}

Result<std::optional<grammar::AnswerShape>> ShapeOf(const FormRequest& request,
                                                    const SamplingParams& sampling) {
  const bool must_call = MustCall(request);
  const bool tools_shown = ShowsTools(request);
  const bool strict_tools = tools_shown && !request.form.strict_tools.empty();
  if (!must_call && !strict_tools && !request.form.json_path) {
    return std::optional<grammar::AnswerShape>();
  }
  if (sampling.ignore_eos) {
    return InvalidArgument(
        "ignore_eos: an answer whose form is guaranteed ends where that is complete");
  }
  grammar::AnswerShape shape;
  for (size_t i = 0; tools_shown && i < request.tools.size(); ++i) {
    const bool wanted =
        request.tool_choice != ToolChoice::kNamed || request.tools[i].name() == request.tool_name;
    if (wanted) shape.tools.push_back(ShapeOfTool(request, i));
  }
  shape.calls = must_call     ? grammar::Calls::kRequired
                : tools_shown ? grammar::Calls::kOptional
                              : grammar::Calls::kNone;
  shape.several_calls = request.parallel_tool_calls;
  if (request.form.json_path) {
    shape.json_schema = SchemaOf(request.response_format);
    shape.json_path = *request.form.json_path;
  }
  return std::optional(std::move(shape));
}

}  // namespace fathom
