#include "settings_source.h"

#include <gtest/gtest.h>

namespace fathom {
namespace {

struct Targets {
  int64_t port = 0;
  bool share = false;
  std::string model;
  std::vector<std::string> names;

  std::vector<Flag> Table() {
    return {{.name = "MODEL", .value = "", .help = "", .target = &model},
            {.name = "-p,--max-running", .value = "N", .help = "", .target = &port},
            {.name = "--share-cache", .value = "", .help = "", .target = &share},
            {.name = "--alias", .value = "NAME", .help = "", .target = &names}};
  }
};

TEST(Settings, NamesInTheEnvironmentAndTheFile) {
  Targets targets;
  const std::vector<Flag> flags = targets.Table();
  EXPECT_EQ(EnvironmentName(flags[0]), "FATHOM_MODEL");
  EXPECT_EQ(EnvironmentName(flags[1]), "FATHOM_MAX_RUNNING");
  EXPECT_EQ(SettingName(flags[0]), "model");
  EXPECT_EQ(SettingName(flags[1]), "max-running");
}

TEST(Settings, AFilesValuesAsText) {
  Targets targets;
  const auto settings = SettingsFromJson(
      R"({"max-running": 8, "share-cache": true, "alias": ["a", "b"], "model": "/m"})",
      targets.Table());
  ASSERT_TRUE(settings.ok()) << settings.status().message();
  EXPECT_EQ(settings->at("max-running"), std::vector<std::string>{"8"});
  EXPECT_EQ(settings->at("share-cache"), std::vector<std::string>{"true"});
  EXPECT_EQ(settings->at("alias"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(settings->at("model"), std::vector<std::string>{"/m"});
}

TEST(Settings, ErrorsNameTheSetting) {
  Targets targets;
  const auto error = [&](std::string_view text) {
    return SettingsFromJson(text, targets.Table()).status().message();
  };
  EXPECT_EQ(error(R"({"max_running": 8})"), "there is no setting \"max_running\"");
  EXPECT_EQ(error(R"({"max-running": [8]})"), "max-running: takes one value, found a list");
  EXPECT_EQ(error(R"({"alias": [{}]})"), "alias: expected text, number or boolean, found object");
  EXPECT_EQ(error("[]"), "settings: expected object, found array");
}

}  // namespace
}  // namespace fathom
