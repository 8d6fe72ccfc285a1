#include "mcp/tool_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fathom::mcp {
namespace {

using testing::HasSubstr;

json::Value Tool(const std::string& name, json::Value schema = json::Object{{"type", "object"}}) {
  return json::Object{{"name", name}, {"description", "d"}, {"inputSchema", std::move(schema)}};
}
json::Value Page(json::Array tools) { return json::Object{{"tools", std::move(tools)}}; }

std::string Names(const ToolList& list) {
  std::string names;
  for (const ToolInfo& tool : list.tools) names += tool.name + " ";
  return names;
}
std::string Notes(const ToolList& list) {
  std::string all;
  for (const std::string& note : list.notes) all += note + "\n";
  return all;
}

TEST(McpToolList, ReadsPages) {
  ToolListReader reader(std::nullopt);
  json::Value first = Page({Tool("a"), Tool("b")});
  first.object().Set("nextCursor", "more");
  EXPECT_EQ(*reader.AddPage(first), "more");
  EXPECT_EQ(*reader.AddPage(Page({Tool("c")})), std::nullopt);
  const ToolList list = std::move(reader).Finish();
  EXPECT_EQ(Names(list), "a b c ");
  EXPECT_TRUE(list.notes.empty()) << Notes(list);
}

TEST(McpToolList, TakesWhatIsWantedAlone) {
  ToolListReader reader(std::vector<std::string>{"b", "missing"});
  ASSERT_TRUE(reader.AddPage(Page({Tool("a"), Tool("b")})).ok());
  const ToolList list = std::move(reader).Finish();
  EXPECT_EQ(Names(list), "b ");
  EXPECT_THAT(Notes(list), HasSubstr("no usable tool 'missing'"));
}

TEST(McpToolList, LeavesOutWhatCannotBeUsedAndSaysWhy) {
  json::Value nested = json::Object{};
  for (int i = 0; i < 3; ++i) nested = json::Object{{"a", nested}};
  ToolListReader reader(std::nullopt);
  ASSERT_TRUE(reader
                  .AddPage(Page({Tool("good"), Tool("good"), 7, json::Object{}, Tool(""),
                                 Tool(std::string(300, 'n')), Tool("no-schema", nullptr),
                                 Tool("array", json::Array{}),
                                 Tool("large", json::Object{{"x", std::string(70'000, 'x')}}),
                                 Tool("nested", nested)}))
                  .ok());
  const ToolList list = std::move(reader).Finish();
  EXPECT_EQ(Names(list), "good nested ");
  for (const char* reason : {"there already", "1 to 256 bytes", "is no object", "65536"}) {
    EXPECT_THAT(Notes(list), HasSubstr(reason));
  }
}

TEST(McpToolList, IsBounded) {
  json::Array many;
  for (int i = 0; i < 10'000; ++i) many.push_back(Tool("t" + std::to_string(i)));
  ToolListReader reader(std::nullopt);
  ASSERT_TRUE(reader.AddPage(Page(many)).ok());
  EXPECT_FALSE(reader.AddPage(Page({Tool("one more")})).ok());
  const ToolList list = std::move(reader).Finish();
  EXPECT_EQ(list.tools.size(), kMaxTools);
  EXPECT_THAT(Notes(list), HasSubstr("9744 tools are left out"));

  ToolListReader wanted(std::vector<std::string>{"t9999"});
  ASSERT_TRUE(wanted.AddPage(Page(many)).ok());
  EXPECT_EQ(Names(std::move(wanted).Finish()), "t9999 ") << "one of many can be had by its name";

  ToolListReader endless(std::nullopt);
  Result<std::optional<std::string>> cursor = std::optional<std::string>();
  int pages = 0;
  json::Value page = Page({});
  page.object().Set("nextCursor", "again");
  for (; cursor.ok() && pages < 1000; ++pages) cursor = endless.AddPage(page);
  EXPECT_EQ(pages, kMaxPages + 1);

  ToolListReader large(std::nullopt);
  json::Array schemas;
  for (int i = 0; i < 30; ++i) {
    schemas.push_back(Tool("t" + std::to_string(i), json::Object{{"x", std::string(60'000, 'x')}}));
  }
  ASSERT_TRUE(large.AddPage(Page(schemas)).ok());
  EXPECT_EQ(std::move(large).Finish().tools.size(), 17U);

  ToolListReader noted(std::nullopt);
  ASSERT_TRUE(noted.AddPage(Page(json::Array(1000, json::Value(7)))).ok());
  const ToolList nothing = std::move(noted).Finish();
  EXPECT_EQ(nothing.notes.size(), 21U);
}

TEST(McpToolList, RefusesWhatIsNoList) {
  for (const json::Value& value :
       {json::Value(), json::Value(7), json::Value(json::Object{}),
        json::Value(json::Object{{"tools", 7}}),
        json::Value(json::Object{{"tools", json::Array{}}, {"nextCursor", 7}}),
        json::Value(
            json::Object{{"tools", json::Array{}}, {"nextCursor", std::string(10'000, 'x')}})}) {
    EXPECT_FALSE(ToolListReader(std::nullopt).AddPage(value).ok());
  }
}

TEST(McpToolList, LongDescriptionsAreCut) {
  json::Value tool = Tool("a");
  tool.object().Set("description", std::string(10'000, 'x'));
  ToolListReader reader(std::nullopt);
  ASSERT_TRUE(reader.AddPage(Page({tool})).ok());
  EXPECT_EQ(std::move(reader).Finish().tools[0].description,
            std::string(kMaxDescriptionBytes, 'x') + "…");
}

}  // namespace
}  // namespace fathom::mcp
