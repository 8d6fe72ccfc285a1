#include "talk/tool_switch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fathom {
namespace {

using testing::HasSubstr;

Tool Named(const std::string& name) {
  return Tool(name, "", {}, [](const json::Object&, const std::stop_token&) -> Result<std::string> {
    return std::string();
  });
}

class FixedGroups : public ToolGroups {
 public:
  explicit FixedGroups(std::vector<std::shared_ptr<const ToolGroup>> groups)
      : groups_(std::move(groups)) {}
  std::vector<std::shared_ptr<const ToolGroup>> List() const override { return groups_; }

 private:
  std::vector<std::shared_ptr<const ToolGroup>> groups_;
};

std::shared_ptr<const ToolGroup> Group(const std::string& name, const std::string& problem,
                                       const std::vector<std::string>& tools) {
  auto group = std::make_shared<ToolGroup>();
  group->name = name;
  group->problem = problem;
  for (const std::string& tool : tools) group->tools.Add(Named(tool));
  return group;
}

ToolSwitch ThreeGroups() {
  return ToolSwitch(std::make_shared<FixedGroups>(
      std::vector{Group("builtin", "", {"calculator", "get_time"}),
                  Group("web", "HTTP 401 \x1b[2J", {}), Group("files", "gone", {"files__read"})}));
}

std::string ChosenNames(const ToolSwitch& choice) {
  std::string names;
  const Toolbox chosen = choice.Chosen();
  for (const Tool& tool : chosen.tools()) names += tool.name() + " ";
  return names;
}

TEST(ToolSwitch, SwitchesAllOrThoseThatAreNamed) {
  ToolSwitch choice = ThreeGroups();
  EXPECT_EQ(ChosenNames(choice), "");
  ASSERT_TRUE(choice.Obey("on").ok());
  EXPECT_EQ(ChosenNames(choice), "calculator get_time files__read ");
  ASSERT_TRUE(choice.Obey("off builtin  web").ok());
  EXPECT_EQ(ChosenNames(choice), "files__read ");
  ASSERT_TRUE(choice.Obey("on builtin").ok());
  ASSERT_TRUE(choice.Obey("off files").ok());
  EXPECT_EQ(ChosenNames(choice), "calculator get_time ");
}

TEST(ToolSwitch, WhatIsWrongChangesNothing) {
  ToolSwitch choice = ThreeGroups();
  EXPECT_THAT(choice.Obey("maybe").message(), HasSubstr("expected on or off, found maybe"));
  EXPECT_THAT(choice.Obey("on builtin nobody").message(),
              HasSubstr("no group nobody; there are: builtin, web, files"));
  EXPECT_EQ(ChosenNames(choice), "");
}

TEST(ToolSwitch, DescribesGroups) {
  ToolSwitch choice = ThreeGroups();
  choice.Switch("files", true);
  EXPECT_EQ(choice.Describe(),
            "builtin  off  calculator, get_time\n"
            "web      off  (HTTP 401 \\x1b[2J)\n"
            "files    on   files__read (gone)");
  ToolSwitch alone(std::make_shared<FixedGroups>(std::vector{Group("builtin", "", {"a", "b"})}));
  EXPECT_EQ(alone.Describe(), "Tools are off: a, b");
  ASSERT_TRUE(alone.Obey("on").ok());
  EXPECT_EQ(alone.Describe(), "Tools are on: a, b");
}

}  // namespace
}  // namespace fathom
