// Tools a model may call: what they are called, what they take, and how they are run.
//
// A failure here is a message for the model, which sees it as the tool's result and may try again;
// so messages say what was expected. Turning a failure into a result is the agent loop's work.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "json/value.h"

namespace fathom {

inline constexpr size_t kMaxToolResultBytes = size_t{64} << 10;

// Every parameter is a string.
struct ToolParameter {
  std::string name;
  std::string description;
  bool required = true;
};

class Tool {
 public:
  // Any thread, several calls at a time. A call that takes long looks at `stop` now and then, and
  // gives up with kCancelled.
  using Function = std::function<Result<std::string>(const json::Object& arguments,
                                                     const std::stop_token& stop)>;

  // The function gets every required parameter, strings alone, and nothing unknown.
  Tool(std::string name, std::string description, std::vector<ToolParameter> parameters,
       Function run);
  // One whose parameters are described by a JSON Schema. The function gets any object, and says
  // itself what is wrong with it.
  static Tool WithSchema(std::string name, std::string description, json::Value schema,
                         Function run);

  const std::string& name() const { return name_; }

  // {"type": "function", "function": {"name": …, "description": …, "parameters": {…}}}
  json::Value Definition() const;
  json::Value Schema() const;  // its parameters
  const std::string& description() const { return description_; }

  // Checks the arguments, then runs. A result longer than kMaxToolResultBytes is cut between two
  // characters, with a note of how much is missing.
  Result<std::string> Call(const json::Value& arguments, const std::stop_token& stop = {}) const;

 private:
  Status Check(const json::Value& arguments) const;
  std::string Signature() const;  // "read_file(path)"

  std::string name_, description_;
  std::vector<ToolParameter> parameters_;
  std::optional<json::Value> schema_;  // instead of parameters_
  Function run_;
};

class Toolbox {
 public:
  void Add(Tool tool);  // its name is new

  const std::vector<Tool>& tools() const { return tools_; }
  json::Array Definitions() const;

  // kNotFound, with the names there are, for an unknown tool.
  Result<std::string> Call(std::string_view name, const json::Value& arguments,
                           const std::stop_token& stop = {}) const;

 private:
  const Tool* Find(std::string_view name) const;

  std::vector<Tool> tools_;
};

}  // namespace fathom
