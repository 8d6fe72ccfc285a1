#include "talk/tool_switch.h"

#include <fmt/core.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "terminal/terminal_text.h"

namespace fathom {
namespace {

std::string NamesIn(const ToolGroup& group) {
  std::string names;
  for (const Tool& tool : group.tools.tools()) names += (names.empty() ? "" : ", ") + tool.name();
  return names;
}

}  // namespace

void ToolSwitch::Switch(const std::string& group, bool on) {
  if (on) {
    on_.insert(group);
  } else {
    on_.erase(group);
  }
}

Status ToolSwitch::Obey(const std::string& argument) {
  std::istringstream words(argument);
  std::string how;
  words >> how;
  if (how != "on" && how != "off") {
    return InvalidArgument("/tools: expected on or off, found {}", how);
  }
  const auto groups = groups_->List();
  std::vector<std::string> names;
  for (std::string name; words >> name;) {
    const auto is_named = [&](const auto& group) { return group->name == name; };
    if (std::ranges::none_of(groups, is_named)) {
      std::string all;
      for (const auto& group : groups) all += (all.empty() ? "" : ", ") + group->name;
      return NotFound("/tools: there is no group {}; there are: {}", name, all);
    }
    names.push_back(name);
  }
  if (names.empty()) {
    for (const auto& group : groups) names.push_back(group->name);
  }
  for (const std::string& name : names) Switch(name, how == "on");
  return {};
}

Toolbox ToolSwitch::Chosen() const {
  Toolbox chosen;
  for (const auto& group : groups_->List()) {
    if (!on_.contains(group->name)) continue;
    for (const Tool& tool : group->tools.tools()) chosen.Add(tool);
  }
  return chosen;
}

std::string ToolSwitch::Describe() const {
  const auto groups = groups_->List();
  if (groups.size() == 1) {
    return fmt::format("Tools are {}: {}", on_.contains(groups[0]->name) ? "on" : "off",
                       NamesIn(*groups[0]));
  }
  size_t width = 0;
  for (const auto& group : groups) width = std::max(width, group->name.size());
  std::string text;
  for (const auto& group : groups) {
    text += fmt::format("{}{:<{}}  {:<3}  {}", text.empty() ? "" : "\n", group->name, width,
                        on_.contains(group->name) ? "on" : "off", NamesIn(*group));
    if (!group->problem.empty()) {
      text += fmt::format("{}({})", group->tools.tools().empty() ? "" : " ",
                          SafeForTerminal(group->problem));
    }
  }
  return text;
}

}  // namespace fathom
