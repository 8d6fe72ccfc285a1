#include "model_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace fathom {
namespace {

TEST(ModelPath, ANamedModelIsTakenAsItIs) {
  EXPECT_EQ(*ResolveModelPath("some/folder"), "some/folder");
}

TEST(ModelPath, TheEnvironmentComesFirst) {
  const test::TempDir folder;
  folder.Write("mine/config.json", "{}");
  folder.Write("share/fathom/models/fathom-nano/config.json", "{}");
  const auto find = [&](const std::optional<std::string>& environment) {
    return FindBundledModel(environment, folder.File("bin/fathom"));
  };
  const std::string installed = folder.File("share/fathom/models/fathom-nano");
  EXPECT_EQ(*find(folder.File("mine")), folder.File("mine"));
  EXPECT_EQ(*find(std::nullopt), installed);
  EXPECT_EQ(*find(""), installed);
  EXPECT_EQ(find("/no/model").status().message(), "FATHOM_MODEL=/no/model: no config.json there");
}

TEST(ModelPath, LooksUpwardInASourceTree) {
  const test::TempDir folder;
  folder.Write("models/fathom-nano/config.json", "{}");
  EXPECT_EQ(*FindBundledModel({}, folder.File("build/dev/apps/fathom/fathom")),
            folder.File("models/fathom-nano"));
  // The installed one would be nearer.
  folder.Write("build/dev/apps/share/fathom/models/fathom-nano/config.json", "{}");
  EXPECT_EQ(*FindBundledModel({}, folder.File("build/dev/apps/fathom/fathom")),
            folder.File("build/dev/apps/share/fathom/models/fathom-nano"));
}

TEST(ModelPath, SaysWhereItLooked) {
  const auto found = FindBundledModel({}, "/nowhere/bin/fathom");
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.status().code(), Code::kNotFound);
  EXPECT_EQ(found.status().message(),
            "the bundled model was not found: looked for config.json in "
            "/nowhere/share/fathom/models/fathom-nano and in models/fathom-nano of /nowhere/bin "
            "and every folder above it; name a model folder, or set FATHOM_MODEL");
}

}  // namespace
}  // namespace fathom
