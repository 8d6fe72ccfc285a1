#include "json/field_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace fathom::json {
namespace {

const Object& Sample() {
  static const Object object = {{"size", 7168},
                                {"eps", 1e-6},
                                {"bias", false},
                                {"name", "nano"},
                                {"nothing", nullptr},
                                {"rope", Object{{"factor", 40}}},
                                {"shards", Array{1, 2}},
                                {"huge", Number{"123456789012345678901234567890"}},
                                {"beyond", Number{"-1e400"}}};
  return object;
}

template <typename T>
std::string ErrorOf(const Result<T>& result) {
  return result.ok() ? "no error" : result.status().message();
}

TEST(FieldReader, ReadsEveryKind) {
  const FieldReader fields(Sample(), "config");
  EXPECT_EQ(*fields.Int("size"), 7168);
  EXPECT_EQ(*fields.Number("eps"), 1e-6);
  EXPECT_EQ(*fields.Number("size"), 7168.0);
  EXPECT_EQ(*fields.Bool("bias"), false);
  EXPECT_EQ(*fields.String("name"), "nano");
  EXPECT_EQ((*fields.Obj("rope"))->size(), 1u);
  EXPECT_EQ((*fields.Arr("shards"))->size(), 2u);
  EXPECT_TRUE(fields.Has("nothing"));
  EXPECT_FALSE(fields.Has("absent"));
}

TEST(FieldReader, SaysWhatIsMissing) {
  const FieldReader fields(Sample(), "config");
  EXPECT_EQ(ErrorOf(fields.Int("absent")), "config.absent: missing");
  EXPECT_EQ(ErrorOf(fields.Number("absent")), "config.absent: missing");
  EXPECT_EQ(ErrorOf(fields.Bool("absent")), "config.absent: missing");
  EXPECT_EQ(ErrorOf(fields.String("absent")), "config.absent: missing");
  EXPECT_EQ(ErrorOf(fields.Obj("absent")), "config.absent: missing");
  EXPECT_EQ(ErrorOf(fields.Arr("absent")), "config.absent: missing");
  EXPECT_EQ(fields.Int("absent").status().code(), Code::kInvalidArgument);
}

TEST(FieldReader, SaysWhatItFoundInstead) {
  const FieldReader fields(Sample(), "config");
  EXPECT_EQ(ErrorOf(fields.Int("name")), "config.name: expected integer, found string");
  EXPECT_EQ(ErrorOf(fields.Int("eps")), "config.eps: expected integer, found 1e-06");
  EXPECT_EQ(ErrorOf(fields.Int("nothing")), "config.nothing: expected integer, found null");
  EXPECT_EQ(ErrorOf(fields.Number("bias")), "config.bias: expected number, found boolean");
  EXPECT_EQ(ErrorOf(fields.Bool("size")), "config.size: expected boolean, found number");
  EXPECT_EQ(ErrorOf(fields.String("rope")), "config.rope: expected string, found object");
  EXPECT_EQ(ErrorOf(fields.Obj("shards")), "config.shards: expected object, found array");
  EXPECT_EQ(ErrorOf(fields.Arr("rope")), "config.rope: expected array, found object");
}

TEST(FieldReader, HoldsRangesWithTheirEnds) {
  const FieldReader fields(Sample(), "config");
  EXPECT_EQ(*fields.Int("size", 7168, 7168), 7168);
  EXPECT_EQ(ErrorOf(fields.Int("size", 1, 4096)), "config.size: 7168 is outside [1, 4096]");
  EXPECT_EQ(ErrorOf(fields.Int("size", 7169, 9000)), "config.size: 7168 is outside [7169, 9000]");
  EXPECT_EQ(*fields.Number("eps", 1e-6, 1), 1e-6);
  EXPECT_EQ(ErrorOf(fields.Number("eps", 0.5, 2)), "config.eps: 1e-06 is outside [0.5, 2]");
}

// An integer that does not fit is out of range, not of the wrong kind.
TEST(FieldReader, NamesNumbersThatDoNotFit) {
  const FieldReader fields(Sample(), "config");
  EXPECT_EQ(ErrorOf(fields.Int("huge", 0, 9)),
            "config.huge: 123456789012345678901234567890 is outside [0, 9]");
  EXPECT_EQ(ErrorOf(fields.Number("beyond")),
            "config.beyond: expected a finite number, found -1e400");

  const Object endless = {{"n", Number{std::string(1000000, '9')}}};
  EXPECT_EQ(ErrorOf(FieldReader(endless, "").Int("n", 0, 1)),
            "n: " + std::string(40, '9') + "... is outside [0, 1]");
}

TEST(FieldReader, OrTakesItsValueForAbsentAndNull) {
  const FieldReader fields(Sample(), "");
  for (const char* name : {"absent", "nothing"}) {
    EXPECT_EQ(*fields.IntOr(name, 5), 5);
    EXPECT_EQ(*fields.NumberOr(name, 0.5), 0.5);
    EXPECT_EQ(*fields.BoolOr(name, true), true);
    EXPECT_EQ(*fields.StringOr(name, "x"), "x");
  }
  EXPECT_EQ(*fields.IntOr("size", 5), 7168);
  EXPECT_EQ(*fields.NumberOr("eps", 0.5), 1e-6);
  EXPECT_EQ(*fields.BoolOr("bias", true), false);
  EXPECT_EQ(*fields.StringOr("name", "x"), "nano");
}

TEST(FieldReader, OrStillRefusesWhatIsWrong) {
  const FieldReader fields(Sample(), "");
  EXPECT_EQ(ErrorOf(fields.IntOr("name", 5)), "name: expected integer, found string");
  EXPECT_EQ(ErrorOf(fields.IntOr("size", 5, 0, 10)), "size: 7168 is outside [0, 10]");
  EXPECT_EQ(ErrorOf(fields.NumberOr("eps", 1, 1, 2)), "eps: 1e-06 is outside [1, 2]");
  EXPECT_EQ(ErrorOf(fields.BoolOr("name", true)), "name: expected boolean, found string");
  EXPECT_EQ(ErrorOf(fields.StringOr("size", "x")), "size: expected string, found number");
}

TEST(FieldReader, PathsNest) {
  const FieldReader config(Sample(), "config");
  const FieldReader rope(**config.Obj("rope"), config.PathOf("rope"));
  EXPECT_EQ(ErrorOf(rope.String("factor")), "config.rope.factor: expected string, found number");
  EXPECT_EQ(FieldReader(Sample(), "").PathOf("size"), "size");
}

TEST(AsObject, WantsAnObject) {
  const Value object = Sample(), array = Array{};
  EXPECT_EQ(*AsObject(object, "root"), &object.object());
  EXPECT_EQ(ErrorOf(AsObject(array, "root")), "root: expected object, found array");
  EXPECT_EQ(ErrorOf(AsObject(array, "")), "expected object, found array");
}

}  // namespace
}  // namespace fathom::json
