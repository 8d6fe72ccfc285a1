// Which groups of tools the model may use in a conversation, and /tools, which says so and changes
// it.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "agent/tool_groups.h"
#include "agent/toolbox.h"
#include "base/status.h"

namespace fathom {

class ToolSwitch {
 public:
  explicit ToolSwitch(std::shared_ptr<const ToolGroups> groups) : groups_(std::move(groups)) {}

  void Switch(const std::string& group, bool on);
  // "on", "off", "on NAME NAME". Changes nothing when it fails.
  Status Obey(const std::string& argument);

  // The tools that are on, as they are now.
  Toolbox Chosen() const;

  // With one group its tools in a line, else a line for each group; safe to print.
  std::string Describe() const;

 private:
  std::shared_ptr<const ToolGroups> groups_;
  std::set<std::string> on_;
};

}  // namespace fathom
