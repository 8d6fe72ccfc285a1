// Tools a model may call: what they are called, what they take, and how they are run.
//
// A failure here is a message for the model, which sees it as the tool's result and may try again;
// so messages say what was expected. Turning a failure into a result is the agent loop's work.
#pragma once

#include <cstddef>
#include <functional>
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
  // Gets an object that holds every required parameter, strings alone, and nothing unknown.
  using Function = std::function<Result<std::string>(const json::Object& arguments)>;

  Tool(std::string name, std::string description, std::vector<ToolParameter> parameters,
       Function run);

  const std::string& name() const { return name_; }

  // {"type": "function", "function": {"name": …, "description": …, "parameters": {…}}}
  json::Value Definition() const;

  // Checks the arguments, then runs. A result longer than kMaxToolResultBytes is cut between two
  // characters, with a note of how much is missing.
  Result<std::string> Call(const json::Value& arguments) const;

 private:
  Status Check(const json::Value& arguments) const;
  std::string Signature() const;  // "read_file(path)"

  std::string name_, description_;
  std::vector<ToolParameter> parameters_;
  Function run_;
};

class Toolbox {
 public:
  void Add(Tool tool);  // its name is new

  const std::vector<Tool>& tools() const { return tools_; }
  json::Array Definitions() const;

  // kNotFound, with the names there are, for an unknown tool.
  Result<std::string> Call(std::string_view name, const json::Value& arguments) const;

 private:
  const Tool* Find(std::string_view name) const;

  std::vector<Tool> tools_;
};

}  // namespace fathom
