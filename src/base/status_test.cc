#include "base/status.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace fathom {
namespace {

TEST(Status, StartsOk) {
  const Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.code(), Code::kOk);
  EXPECT_EQ(status.message(), "");
}

TEST(Status, MakersSetCodeAndText) {
  const Status status = ResourceExhausted("{} bytes, {} at most", 10, 4);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(status.message(), "10 bytes, 4 at most");
  EXPECT_EQ(InvalidArgument("x").code(), Code::kInvalidArgument);
  EXPECT_EQ(NotFound("x").code(), Code::kNotFound);
  EXPECT_EQ(Unsupported("x").code(), Code::kUnsupported);
  EXPECT_EQ(DataLoss("x").code(), Code::kDataLoss);
  EXPECT_EQ(Cancelled("x").code(), Code::kCancelled);
  EXPECT_EQ(Internal("x").code(), Code::kInternal);
}

TEST(Status, AtPutsThePlaceInFrontAndKeepsTheCode) {
  const Status status = NotFound("no such tensor").At("layers.3").At("model.safetensors");
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_EQ(status.message(), "model.safetensors: layers.3: no such tensor");
  EXPECT_TRUE(Status().At("anywhere").ok());
  EXPECT_EQ(Status().At("anywhere").message(), "");
}

TEST(Status, EveryCodeHasItsOwnName) {
  std::string names;
  for (int code = 0; code <= static_cast<int>(Code::kInternal); ++code) {
    names.append(CodeName(static_cast<Code>(code))).append("; ");
  }
  EXPECT_EQ(names,
            "ok; invalid argument; not found; unsupported; resource exhausted; data loss; "
            "cancelled; internal; ");
}

TEST(Result, HoldsAValueOrAFailure) {
  const Result<int> good = 7;
  EXPECT_TRUE(good.ok());
  EXPECT_EQ(*good, 7);
  EXPECT_TRUE(good.status().ok());

  const Result<int> bad = NotFound("gone");
  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(bad.status().code(), Code::kNotFound);
  EXPECT_EQ(bad.status().message(), "gone");
}

TEST(Result, CarriesMoveOnlyValues) {
  Result<std::unique_ptr<int>> made = std::make_unique<int>(5);
  EXPECT_EQ(**made, 5);
  const std::unique_ptr<int> taken = std::move(made).value();
  EXPECT_EQ(*taken, 5);
}

TEST(Result, ArrowReachesTheValue) {
  Result<std::string> text = std::string("abc");
  text->push_back('d');
  EXPECT_EQ(*text, "abcd");
  const Result<std::string>& same = text;
  EXPECT_EQ(same->size(), 4u);
}

TEST(ResultDeathTest, ValueOfAFailureStopsAndSaysWhy) {
  const Result<int> bad = NotFound("no layer 9");
  EXPECT_DEATH((void)bad.value(), "value of a failed Result: no layer 9");
}

TEST(ResultDeathTest, AnOkStatusIsNoFailure) {
  EXPECT_DEATH((void)Result<int>(Status()), "a Result needs a value or a failure");
}

Result<int> Half(int number) {
  if (number % 2 != 0) return InvalidArgument("{} is odd", number);
  return number / 2;
}

Result<int> Quarter(int number) {
  FATHOM_ASSIGN_OR_RETURN(const int half, Half(number));
  FATHOM_ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

Status CheckQuarter(int number, int* reached) {
  FATHOM_RETURN_IF_ERROR(Half(number).status());
  ++*reached;
  FATHOM_RETURN_IF_ERROR(Half(number / 2).status().At("half"));
  ++*reached;
  return {};
}

TEST(Result, MacrosPassTheFirstFailureOn) {
  EXPECT_EQ(*Quarter(12), 3);
  EXPECT_EQ(Quarter(3).status().message(), "3 is odd");
  EXPECT_EQ(Quarter(6).status().message(), "3 is odd");

  int reached = 0;
  EXPECT_TRUE(CheckQuarter(8, &reached).ok());
  EXPECT_EQ(reached, 2);
  reached = 0;
  EXPECT_EQ(CheckQuarter(6, &reached).message(), "half: 3 is odd");
  EXPECT_EQ(reached, 1);
}

}  // namespace
}  // namespace fathom
