#include "api/agent_tools.h"

#include <gtest/gtest.h>

#include "json/write.h"

namespace fathom::api {
namespace {

Tool Named(std::string name) {
  return Tool(
      std::move(name), "Does nothing.", {},
      [](const json::Object&, const std::stop_token&) { return Result<std::string>("done"); });
}

class SomeGroups final : public ToolGroups {
 public:
  SomeGroups() {
    Add("one", "", {"a", "b"});
    Add("two", "", {"c"});
    Add("clash", "", {"d", "b"});
    Add("away", "the server did not start: exit code 1", {});
  }
  std::vector<std::shared_ptr<const ToolGroup>> List() const override { return groups_; }

 private:
  void Add(std::string name, std::string problem, const std::vector<std::string>& tools) {
    auto group = std::make_shared<ToolGroup>();
    group->name = std::move(name);
    group->problem = std::move(problem);
    for (const std::string& tool : tools) group->tools.Add(Named(tool));
    groups_.push_back(std::move(group));
  }
  std::vector<std::shared_ptr<const ToolGroup>> groups_;
};

TEST(ChooseTools, JoinsGroups) {
  const SomeGroups groups;
  const std::vector<std::string> names = {"two", "one"};
  const auto tools = ChooseTools(groups, names);
  ASSERT_TRUE(tools.ok()) << tools.status().message();
  ASSERT_EQ((*tools)->box.tools().size(), 3U);
  EXPECT_EQ((*tools)->box.tools()[0].name(), "c");
  EXPECT_EQ((*tools)->groups.size(), 2U);
  EXPECT_TRUE((*ChooseTools(groups, {}))->box.tools().empty());
}

TEST(ChooseTools, ErrorsSayWhatThereIs) {
  const SomeGroups groups;
  const auto error = [&](std::vector<std::string> names) {
    return std::string(ChooseTools(groups, names).status().message());
  };
  EXPECT_EQ(error({"one", "three"}),
            "tool_groups[1]: there is no group \"three\"; there are: one, two, clash, away");
  EXPECT_EQ(error({"one", "clash"}),
            "tool_groups[1]: \"one\" and \"clash\" both have a tool called b");
  EXPECT_EQ(error({"away"}),
            "tool_groups[0]: \"away\" can't be used at the moment: the server did not start: exit "
            "code 1");
}

TEST(ToolGroupsToJson, HarmlessOnes) {
  const json::Value groups = ToolGroupsToJson(*HarmlessTools());
  ASSERT_EQ(groups.array().size(), 1U);
  EXPECT_EQ(groups.array()[0].Find("name")->string(), "builtin");
  EXPECT_TRUE(groups.array()[0].Find("problem")->is_null());
  const json::Array& tools = groups.array()[0].Find("tools")->array();
  ASSERT_EQ(tools.size(), 2U);
  EXPECT_EQ(tools[0].Find("name")->string(), "calculator");
  EXPECT_EQ(tools[0].Find("parameters")->Find("type")->string(), "object");
  EXPECT_EQ(tools[1].Find("name")->string(), "get_time");
}

TEST(ToolGroupsToJson, AProblemIsTold) {
  const json::Value groups = ToolGroupsToJson(SomeGroups());
  EXPECT_EQ(groups.array()[3].Find("problem")->string(), "the server did not start: exit code 1");
}

}  // namespace
}  // namespace fathom::api
