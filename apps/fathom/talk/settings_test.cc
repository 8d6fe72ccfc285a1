#include "talk/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fathom {
namespace {

using testing::HasSubstr;

std::string Error(std::string_view name, std::string_view value) {
  SamplingParams params;
  params.temperature = 0.5;
  const Status status = SetParam(name, value, 100, &params);
  EXPECT_EQ(params.temperature, 0.5) << "a failure changes nothing";
  return status.message();
}

TEST(SetParam, EveryNameSetsItsField) {
  SamplingParams params;
  for (const std::string& name : ParamNames()) {
    EXPECT_TRUE(SetParam(name, "1", 100, &params).ok()) << name;
  }
  EXPECT_EQ(params.temperature, 1);
  EXPECT_EQ(params.top_p, 1);
  EXPECT_EQ(params.top_k, 1);
  EXPECT_EQ(params.min_p, 1);
  EXPECT_EQ(params.repetition_penalty, 1);
  EXPECT_EQ(params.presence_penalty, 1);
  EXPECT_EQ(params.frequency_penalty, 1);
  EXPECT_EQ(params.min_tokens, 1);
  EXPECT_EQ(params.max_tokens, 1);
  EXPECT_EQ(params.seed, 1U);
  EXPECT_TRUE(SetParam("seed", "random", 100, &params).ok());
  EXPECT_EQ(params.seed, std::nullopt);
}

TEST(SetParam, RefusesWhatTheSamplerRefuses) {
  EXPECT_EQ(Error("temperature", "3"), "temperature: 3 is outside [0, 2]");
  EXPECT_EQ(Error("temperature", "hot"), "temperature: expected a number, found hot");
  EXPECT_EQ(Error("temperature", "nan"), "temperature: nan is outside [0, 2]");
  EXPECT_EQ(Error("top_k", "1.5"), "top_k: expected a whole number, found 1.5");
  EXPECT_EQ(Error("seed", "-1"), "seed: expected a whole number or random, found -1");
  EXPECT_THAT(Error("heat", "1"), HasSubstr("there is no parameter heat"));
}

TEST(DescribeParams, HasALineForEach) {
  SamplingParams params;
  params.temperature = 0.25;
  const std::string text = DescribeParams(params);
  for (const std::string& name : ParamNames()) EXPECT_THAT(text, HasSubstr(name + " "));
  EXPECT_THAT(text, HasSubstr("temperature         0.25 "));
}

}  // namespace
}  // namespace fathom
