// Tools in groups, among which a conversation chooses by name: "builtin", and one group for every
// MCP server that the program was started with.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/toolbox.h"

namespace fathom {

struct ToolGroup {
  std::string name;
  std::string problem;  // why its tools can't be used at the moment; empty: they can
  Toolbox tools;
};

class ToolGroups {
 public:
  virtual ~ToolGroups() = default;
  // As they are now, in the order they were named in. Any thread; does not wait for a server.
  virtual std::vector<std::shared_ptr<const ToolGroup>> List() const = 0;
};

}  // namespace fathom
