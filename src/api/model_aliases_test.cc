#include "api/model_aliases.h"

#include <gtest/gtest.h>

namespace fathom::api {
namespace {

TEST(MakeServedModels, NamesAndTheirModes) {
  const auto models = MakeServedModels({"nano", "fathom"}, {"fast=chat", "deep=thinking", "other"});
  ASSERT_TRUE(models.ok()) << models.status().message();
  ASSERT_EQ(models->names.size(), 5U);
  EXPECT_EQ((*FindModel(*models, ""))->name, "nano");
  EXPECT_EQ((*FindModel(*models, "fast"))->thinking, false);
  EXPECT_EQ((*FindModel(*models, "deep"))->thinking, true);
  EXPECT_EQ((*FindModel(*models, "other"))->thinking, std::nullopt);
  EXPECT_EQ((*FindModel(*models, "fathom"))->thinking, std::nullopt);
}

TEST(MakeServedModels, ErrorsNameTheName) {
  const auto error = [](std::vector<std::string> served, std::vector<std::string> aliases) {
    return MakeServedModels(served, aliases).status().message();
  };
  EXPECT_EQ(error({"a"}, {"b=loud"}),
            "alias \"b=loud\": expected NAME, NAME=thinking or NAME=chat");
  EXPECT_EQ(error({"a", "a"}, {}), "the model's name \"a\" is given twice");
  EXPECT_EQ(error({"a"}, {"a=chat"}), "the model's name \"a\" is given twice");
  EXPECT_EQ(error({""}, {}), "a model's name is empty");
  EXPECT_EQ(error({"a"}, {"=chat"}), "a model's name is empty");
}

}  // namespace
}  // namespace fathom::api
