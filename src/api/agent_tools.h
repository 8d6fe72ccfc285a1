// The tools that a conversation at the server may use: which there are, and those that it chose.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agent/tool_groups.h"
#include "agent/toolbox.h"
#include "base/status.h"
#include "json/value.h"

namespace fathom::api {

// The groups of a server that was given none: "builtin", with what touches nothing, the calculator
// and the clock.
std::shared_ptr<const ToolGroups> HarmlessTools();

// Chosen groups as one toolbox. Shared by everything that runs its calls, of which some may outlive
// the answer that made them.
struct AgentTools {
  std::vector<std::shared_ptr<const ToolGroup>> groups;
  Toolbox box;
};

// kInvalidArgument, with the path of the name, for a group that there is not, and for two that have
// a tool of the same name; kUnsupported for one that can't be used at the moment.
Result<std::shared_ptr<const AgentTools>> ChooseTools(const ToolGroups& groups,
                                                      std::span<const std::string> names);

// [{"name", "problem": null, "tools": [{"name", "description", "parameters"}]}]
json::Value ToolGroupsToJson(const ToolGroups& groups);

}  // namespace fathom::api
