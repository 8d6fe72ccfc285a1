#include "agent/builtin_tools.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/write.h"
#include "support/temp_dir.h"

namespace fathom {
namespace {

using testing::ElementsAre;

WallTime Noon() { return {.unix_seconds = 1795608000, .utc_offset_seconds = 0}; }

std::vector<std::string> Names(const Toolbox& toolbox) {
  std::vector<std::string> names;
  for (const Tool& tool : toolbox.tools()) names.push_back(tool.name());
  return names;
}

std::string Call(const Toolbox& toolbox, std::string_view name, const json::Object& arguments) {
  const Result<std::string> result = toolbox.Call(name, arguments);
  return result.ok() ? *result : "error: " + result.status().message();
}

class BuiltinToolsTest : public testing::Test {
 protected:
  BuiltinToolsTest() {
    dir_.Write("notes.txt", "Ben has the red kite.");
    dir_.Write("sub/more.txt", "");
    folder_ = std::make_shared<const FileFolder>(FileFolder::Open(dir_.path()).value());
  }
  test::TempDir dir_;
  std::shared_ptr<const FileFolder> folder_;
};

TEST_F(BuiltinToolsTest, FileToolsNeedAFolder) {
  EXPECT_THAT(Names(MakeBuiltinTools(Noon, nullptr)), ElementsAre("calculator", "get_time"));
  EXPECT_THAT(Names(MakeBuiltinTools(Noon, folder_)),
              ElementsAre("calculator", "get_time", "read_file", "list_files"));
}

TEST_F(BuiltinToolsTest, Answer) {
  const Toolbox toolbox = MakeBuiltinTools(Noon, folder_);
  EXPECT_EQ(Call(toolbox, "calculator", {{"expression", "347 * 29"}}), "10063");
  EXPECT_EQ(Call(toolbox, "calculator", {{"expression", "1 / 0"}}), "error: division by zero");
  EXPECT_EQ(Call(toolbox, "get_time", {}),
            R"({"date": "2026-11-25", "time": "12:00", "weekday": "Wednesday", )"
            R"("local": "2026-11-25T12:00:00+00:00", "utc": "2026-11-25T12:00:00Z"})");
  EXPECT_EQ(Call(toolbox, "get_time", {{"city", "Oslo"}}),
            "error: get_time: unknown argument city; the tool is get_time()");
  EXPECT_EQ(Call(toolbox, "read_file", {{"path", "notes.txt"}}), "Ben has the red kite.");
  EXPECT_EQ(Call(toolbox, "list_files", {}), R"({"names": ["notes.txt", "sub/"]})");
  EXPECT_EQ(Call(toolbox, "list_files", {{"path", "sub"}}), R"({"names": ["more.txt"]})");
}

TEST_F(BuiltinToolsTest, AListSaysWhatItLeavesOut) {
  for (size_t i = 0; i <= kMaxListedEntries; ++i) dir_.Write(fmt::format("many/{}", i), "");
  const std::string listing =
      Call(MakeBuiltinTools(Noon, folder_), "list_files", {{"path", "many"}});
  EXPECT_TRUE(listing.ends_with(R"("], "left_out": 1})")) << listing;
}

// The wording that the bundled model was trained on (training/nano/nano_data.py).
TEST_F(BuiltinToolsTest, TheCalculatorIsTheOneTheBundledModelKnows) {
  EXPECT_EQ(json::Dump(MakeBuiltinTools(Noon, folder_).Definitions()[0], json::Style::kPython),
            R"({"type": "function", "function": {"name": "calculator", )"
            R"("description": "Evaluate an arithmetic expression", "parameters": )"
            R"({"type": "object", "properties": {"expression": {"type": "string", )"
            R"("description": "The expression, for example 2 + 3 * 4"}}, )"
            R"("required": ["expression"]}}})");
}

}  // namespace
}  // namespace fathom
