// Turns; generations themselves are tested in generation_api_test.cc.
#include "capi/shared_model.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace fathom::capi {
namespace {

std::shared_ptr<SharedModel> OpenNano() {
  ModelOptions options;
  options.folder = FATHOM_SOURCE_DIR "/models/fathom-nano";
  options.context = 256;
  options.threads = 1;
  Result<std::shared_ptr<SharedModel>> model = SharedModel::Open(options, nullptr);
  FATHOM_CHECK(model.ok(), "{}", model.status().message());
  return *model;
}

TextRequest Request() {
  TextRequest request;
  request.prompt = {0, 5, 6};
  request.sampling.max_tokens = 4;
  return request;
}

TEST(SharedModel, AStepThatThrowsBreaksTheModelForEveryone) {
  const std::shared_ptr<SharedModel> model = OpenNano();
  const auto generation = Generation::Start(model, Request());
  ASSERT_TRUE(generation.ok()) << generation.status().message();
  EXPECT_THROW(
      {
        const SharedModel::Turn turn(*model);
        throw std::bad_alloc();
      },
      std::bad_alloc);
  EXPECT_EQ((*generation)->Next().status().code(), Code::kInternal);
  EXPECT_EQ(Generation::Start(model, Request()).status().code(), Code::kInternal);
  EXPECT_EQ(model->Work().status().code(), Code::kInternal);
}

// A turn that is taken while another exception is on its way is no failure of its own.
TEST(SharedModel, AnExceptionFromElsewhereBreaksNothing) {
  const std::shared_ptr<SharedModel> model = OpenNano();
  struct CancelsOnTheWayOut {
    SharedModel& model;
    ~CancelsOnTheWayOut() { const SharedModel::Turn turn(model); }
  };
  try {
    const CancelsOnTheWayOut leaving{*model};
    throw std::runtime_error("elsewhere");
  } catch (const std::runtime_error&) {
  }
  EXPECT_TRUE(model->Work().ok());
}

TEST(SharedModel, WaitingGenerationsReportProgress) {
  const std::shared_ptr<SharedModel> model = OpenNano();  // one at a time
  auto first = Generation::Start(model, Request());
  auto second = Generation::Start(model, Request());
  ASSERT_TRUE(first.ok() && second.ok());
  const Result<GenerationEvent> waiting = (*second)->Next();
  ASSERT_TRUE(waiting.ok());
  EXPECT_EQ(waiting->kind, GenerationEvent::Kind::kProgress);
  EXPECT_EQ(waiting->prompt_total, 3);
  while ((*first)->answer() == nullptr) ASSERT_TRUE((*first)->Next().ok());
  while ((*second)->answer() == nullptr) ASSERT_TRUE((*second)->Next().ok());
  EXPECT_EQ((*second)->answer()->tokens.size(), 4u);
}

}  // namespace
}  // namespace fathom::capi
