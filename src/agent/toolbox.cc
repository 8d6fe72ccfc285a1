#include "agent/toolbox.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"

namespace fathom {
namespace {

// `text`, or as much of it as fits in kMaxToolResultBytes with a note after it.
std::string Shorten(std::string text) {
  if (text.size() <= kMaxToolResultBytes) return text;
  const size_t all = text.size();
  text.resize(kMaxToolResultBytes);
  text.resize(text.size() - IncompleteUtf8Suffix(text));
  text += fmt::format("\n[cut here: {} of {} bytes]", text.size(), all);
  return text;
}

}  // namespace

Tool::Tool(std::string name, std::string description, std::vector<ToolParameter> parameters,
           Function run)
    : name_(std::move(name)),
      description_(std::move(description)),
      parameters_(std::move(parameters)),
      run_(std::move(run)) {}

Tool Tool::WithSchema(std::string name, std::string description, json::Value schema, Function run) {
  Tool tool(std::move(name), std::move(description), {}, std::move(run));
  tool.schema_ = std::move(schema);
  return tool;
}

json::Value Tool::Schema() const {
  if (schema_) return *schema_;
  json::Object properties;
  json::Array required;
  for (const ToolParameter& parameter : parameters_) {
    properties.Set(parameter.name,
                   json::Object{{"type", "string"}, {"description", parameter.description}});
    if (parameter.required) required.push_back(parameter.name);
  }
  return json::Object{{"type", "object"}, {"properties", properties}, {"required", required}};
}

json::Value Tool::Definition() const {
  return json::Object{
      {"type", "function"},
      {"function",
       json::Object{{"name", name_}, {"description", description_}, {"parameters", Schema()}}}};
}

std::string Tool::Signature() const {
  std::string names;
  for (const ToolParameter& parameter : parameters_) {
    if (!names.empty()) names += ", ";
    names += parameter.required ? parameter.name : fmt::format("[{}]", parameter.name);
  }
  return fmt::format("{}({})", name_, names);
}

Status Tool::Check(const json::Value& arguments) const {
  if (!arguments.is_object()) {
    return InvalidArgument("{}: expected the arguments as an object, found {}", name_,
                           KindName(arguments.kind()));
  }
  if (schema_) return {};
  const auto named = [](std::string_view name) {
    return [name](const ToolParameter& parameter) { return parameter.name == name; };
  };
  for (const auto& [name, value] : arguments.object()) {
    if (std::none_of(parameters_.begin(), parameters_.end(), named(name))) {
      return InvalidArgument("{}: unknown argument {}; the tool is {}", name_, name, Signature());
    }
    if (!value.is_string()) {
      return InvalidArgument("{}: {}: expected string, found {}", name_, name,
                             KindName(value.kind()));
    }
  }
  for (const ToolParameter& parameter : parameters_) {
    if (parameter.required && !arguments.object().Has(parameter.name)) {
      return InvalidArgument("{}: the argument {} is missing; the tool is {}", name_,
                             parameter.name, Signature());
    }
  }
  return {};
}

Result<std::string> Tool::Call(const json::Value& arguments, const std::stop_token& stop) const {
  FATHOM_RETURN_IF_ERROR(Check(arguments));
  FATHOM_ASSIGN_OR_RETURN(std::string text, run_(arguments.object(), stop));
  return Shorten(std::move(text));
}

void Toolbox::Add(Tool tool) {
  FATHOM_CHECK(Find(tool.name()) == nullptr, "two tools called {}", tool.name());
  tools_.push_back(std::move(tool));
}

const Tool* Toolbox::Find(std::string_view name) const {
  const auto found = std::find_if(tools_.begin(), tools_.end(),
                                  [&](const Tool& tool) { return tool.name() == name; });
  return found == tools_.end() ? nullptr : &*found;
}

json::Array Toolbox::Definitions() const {
  json::Array definitions;
  for (const Tool& tool : tools_) definitions.push_back(tool.Definition());
  return definitions;
}

Result<std::string> Toolbox::Call(std::string_view name, const json::Value& arguments,
                                  const std::stop_token& stop) const {
  if (const Tool* tool = Find(name)) return tool->Call(arguments, stop);
  std::string names;
  for (const Tool& tool : tools_) names += (names.empty() ? "" : ", ") + tool.name();
  return NotFound("there is no tool called {}; there are: {}", name,
                  names.empty() ? "none" : names);
}

}  // namespace fathom
