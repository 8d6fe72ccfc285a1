#include "api/agent_tools.h"

#include <algorithm>
#include <map>
#include <utility>

#include "agent/builtin_tools.h"
#include "agent/clock_tool.h"

namespace fathom::api {
namespace {

using Groups = std::vector<std::shared_ptr<const ToolGroup>>;

class OneGroup final : public ToolGroups {
 public:
  explicit OneGroup(ToolGroup group) : group_(std::make_shared<ToolGroup>(std::move(group))) {}
  Groups List() const override { return {group_}; }

 private:
  const std::shared_ptr<const ToolGroup> group_;
};

std::string NamesOf(const Groups& groups) {
  std::string names;
  for (const auto& group : groups) names += (names.empty() ? "" : ", ") + group->name;
  return names.empty() ? "none" : names;
}

json::Value ToolToJson(const Tool& tool) {
  return json::Object{
      {"name", tool.name()}, {"description", tool.description()}, {"parameters", tool.Schema()}};
}

}  // namespace

std::shared_ptr<const ToolGroups> HarmlessTools() {
  ToolGroup group{.name = "builtin", .problem = "", .tools = {}};
  group.tools = MakeBuiltinTools(SystemWallTime, nullptr);
  return std::make_shared<OneGroup>(std::move(group));
}

Result<std::shared_ptr<const AgentTools>> ChooseTools(const ToolGroups& groups,
                                                      std::span<const std::string> names) {
  auto chosen = std::make_shared<AgentTools>();
  if (names.empty()) return std::shared_ptr<const AgentTools>(std::move(chosen));
  const Groups all = groups.List();
  std::map<std::string, std::string> owners;  // of tools, by their name
  for (size_t i = 0; i < names.size(); ++i) {
    const auto found = std::ranges::find(
        all, names[i], [](const auto& group) -> const auto& { return group->name; });
    if (found == all.end()) {
      return InvalidArgument("tool_groups[{}]: there is no group \"{}\"; there are: {}", i,
                             names[i], NamesOf(all));
    }
    const ToolGroup& group = **found;
    if (!group.problem.empty()) {
      return Unsupported("tool_groups[{}]: \"{}\" can't be used at the moment: {}", i, names[i],
                         group.problem);
    }
    for (const Tool& tool : group.tools.tools()) {
      const auto [owner, is_new] = owners.emplace(tool.name(), group.name);
      if (!is_new) {
        return InvalidArgument("tool_groups[{}]: \"{}\" and \"{}\" both have a tool called {}", i,
                               owner->second, names[i], tool.name());
      }
      chosen->box.Add(tool);
    }
    chosen->groups.push_back(*found);
  }
  return std::shared_ptr<const AgentTools>(std::move(chosen));
}

json::Value ToolGroupsToJson(const ToolGroups& groups) {
  json::Array written;
  for (const auto& group : groups.List()) {
    json::Array tools;
    for (const Tool& tool : group->tools.tools()) tools.push_back(ToolToJson(tool));
    written.push_back(json::Object{
        {"name", group->name},
        {"problem", group->problem.empty() ? json::Value() : json::Value(group->problem)},
        {"tools", std::move(tools)}});
  }
  return written;
}

}  // namespace fathom::api
