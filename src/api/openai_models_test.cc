#include "api/openai_models.h"

#include <gtest/gtest.h>

#include "api/errors.h"
#include "json/write.h"

namespace fathom::api {
namespace {

ServedModels Models() {
  return {.names = {{.name = "fathom-nano"},
                    {.name = "deepseek-chat", .thinking = false},
                    {.name = "deepseek-reasoner", .thinking = true}},
          .context_tokens = 4096,
          .created = 7};
}

TEST(Models, ANameMeansItsMode) {
  const ServedModels models = Models();
  EXPECT_EQ((*FindModel(models, ""))->name, "fathom-nano");
  EXPECT_EQ((*FindModel(models, "fathom-nano"))->thinking, std::nullopt);
  EXPECT_EQ((*FindModel(models, "deepseek-chat"))->thinking, false);
  EXPECT_EQ((*FindModel(models, "deepseek-reasoner"))->thinking, true);
}

TEST(Models, AnUnknownNameIsAnsweredWithTheKnownOnes) {
  const Status status = FindModel(Models(), "gpt-4o").status();
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_EQ(status.message(),
            "model: 'gpt-4o' is not served here; the names are fathom-nano, deepseek-chat, "
            "deepseek-reasoner");
  const http::Response response = ErrorResponse(Dialect::kOpenAi, status);
  EXPECT_EQ(response.status, 404);
  EXPECT_NE(response.body.find(R"("param":"model")"), std::string::npos) << response.body;
  EXPECT_FALSE(ModelBody(Models(), "gpt-4o").ok());
}

TEST(Models, TheListHasEveryName) {
  const json::Value list = ModelsBody(Models());
  EXPECT_EQ(list.Find("object")->string(), "list");
  ASSERT_EQ(list.Find("data")->array().size(), 3u);
  EXPECT_EQ(json::Dump(list.Find("data")->array()[1], json::Style::kCompact),
            R"({"id":"deepseek-chat","object":"model","created":7,"owned_by":"fathom",)"
            R"("max_model_len":4096})");
  EXPECT_EQ(*ModelBody(Models(), "deepseek-chat"), list.Find("data")->array()[1]);
}

TEST(Models, EmbeddingsAreRefusedClearly) {
  const http::Response response = ErrorResponse(Dialect::kOpenAi, NoEmbeddings());
  EXPECT_EQ(response.status, 400);
  EXPECT_NE(response.body.find("makes no embeddings"), std::string::npos) << response.body;
  EXPECT_NE(response.body.find(R"("param":null)"), std::string::npos) << response.body;
}

}  // namespace
}  // namespace fathom::api
