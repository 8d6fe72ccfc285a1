#include "json/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "json/write.h"

namespace fathom::json {
namespace {

TEST(Value, KnowsItsKind) {
  EXPECT_TRUE(Value().is_null());
  EXPECT_TRUE(Value(nullptr).is_null());
  EXPECT_TRUE(Value(true).is_bool());
  EXPECT_TRUE(Value(1).is_number());
  EXPECT_TRUE(Value("text").is_string());
  EXPECT_TRUE(Value(Array{}).is_array());
  EXPECT_TRUE(Value(Object{}).is_object());
  std::string names;
  for (const Value& value : Array{nullptr, false, 1.5, "", Array{}, Object{}}) {
    names.append(KindName(value.kind())).append(" ");
  }
  EXPECT_EQ(names, "null boolean number string array object ");
}

// Without the deleted constructor a pointer would quietly become `true`.
TEST(Value, IsNotMadeFromPointers) {
  EXPECT_FALSE((std::is_constructible_v<Value, const Object*>));
  EXPECT_FALSE((std::is_constructible_v<Value, Value*>));
  EXPECT_FALSE((std::is_constructible_v<Value, const int*>));
  char text[] = "abc";
  char* const pointer = text;
  EXPECT_EQ(Value(pointer).string(), "abc");
}

TEST(Value, AsInt64TakesIntegersThatFit) {
  const auto as_int = [](const char* text) { return Value(Number{text}).AsInt64(); };
  EXPECT_EQ(as_int("0"), 0);
  EXPECT_EQ(as_int("-0"), 0);
  EXPECT_EQ(as_int("9223372036854775807"), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(as_int("-9223372036854775808"), std::numeric_limits<int64_t>::min());
  for (const char* text : {"9223372036854775808", "-9223372036854775809", "1.0", "1e2", "NaN"}) {
    EXPECT_EQ(as_int(text), std::nullopt) << text;
  }
  EXPECT_EQ(Value("1").AsInt64(), std::nullopt);
  EXPECT_EQ(Value(true).AsInt64(), std::nullopt);
}

TEST(Value, AsDoubleTakesEveryNumber) {
  EXPECT_EQ(Value(Number{"0.1"}).AsDouble(), 0.1);
  EXPECT_EQ(Value(3).AsDouble(), 3.0);
  EXPECT_EQ(Value(Number{"9007199254740993"}).AsDouble(), 9007199254740992.0);
  EXPECT_TRUE(std::isinf(*Value(Number{"1e400"}).AsDouble()));
  EXPECT_EQ(Value("0.1").AsDouble(), std::nullopt);
}

TEST(Value, FindReachesIntoObjectsOnly) {
  const Value value = Object{{"a", 1}};
  ASSERT_NE(value.Find("a"), nullptr);
  EXPECT_EQ(value.Find("a")->AsInt64(), 1);
  EXPECT_EQ(value.Find("b"), nullptr);
  EXPECT_EQ(Value(Array{1}).Find("a"), nullptr);
  EXPECT_EQ(Value("a").Find("a"), nullptr);
  EXPECT_EQ(Value().Find("a"), nullptr);
}

TEST(Value, EqualityComparesNumbersAsTextAndObjectsInOrder) {
  EXPECT_EQ(Value(1), Value(Number{"1"}));
  EXPECT_FALSE(Value(Number{"1"}) == Value(Number{"1.0"}));
  EXPECT_FALSE(Value(1) == Value("1"));
  EXPECT_EQ(Value(Object({{"a", 1}, {"b", 2}})), Value(Object({{"a", 1}, {"b", 2}})));
  EXPECT_FALSE(Value(Object({{"a", 1}, {"b", 2}})) == Value(Object({{"b", 2}, {"a", 1}})));
}

TEST(Object, KeepsTheOrderOfFirstAppearance) {
  Object object = {{"z", 1}, {"a", 2}};
  object.Set("m", 3);
  object.Set("z", 4);
  EXPECT_EQ(Dump(object, Style::kCompact), R"({"z":4,"a":2,"m":3})");
  EXPECT_EQ(object.size(), 3u);
}

TEST(Object, SetReturnsTheValueAsItStands) {
  Object object;
  Value& first = object.Set("list", Array{});
  first.array().push_back(1);
  object.Set("list", Array{2}).array().push_back(3);
  EXPECT_EQ(Dump(object, Style::kCompact), R"({"list":[2,3]})");
  *object.Find("list") = "now text";
  EXPECT_EQ(object.Find("list")->string(), "now text");
}

// Against the standard map, over sizes on both sides of the index's start and growth, with keys
// that differ only in their length, in one far byte, or by a zero byte.
TEST(Object, AgreesWithAMapAtEverySize) {
  std::mt19937_64 random(3);
  const auto key = [&random](uint64_t n) {
    switch (random() % 4) {
      case 0:
        return std::string(n % 97, 'a');
      case 1:
        return "a long prefix that all of them share " + std::to_string(n);
      case 2:
        return std::string(n % 31, '\0');
      default:
        return std::to_string(n);
    }
  };
  for (const uint64_t range : {4, 15, 16, 17, 18, 33, 100, 3000}) {
    Object object;
    std::unordered_map<std::string, int> expected;
    for (int i = 0; i < 4000; ++i) {
      const std::string name = key(random() % range);
      object.Set(name, i);
      expected[name] = i;
      const std::string probe = key(random() % range);
      ASSERT_EQ(object.Has(probe), expected.contains(probe)) << range << " " << probe;
    }
    ASSERT_EQ(object.size(), expected.size());
    for (const Member& member : object) {
      EXPECT_EQ(member.value.AsInt64(), expected.at(member.key));
      EXPECT_EQ(object.Find(member.key), &member.value);
    }
  }
}

// Quadratic look-up would take minutes here: 10^10 comparisons.
TEST(Object, AHundredThousandKeysStayUsable) {
  constexpr int kKeys = 100000;
  Object object;
  for (int i = 0; i < kKeys; ++i) object.Set("key " + std::to_string(i), i);
  for (int i = 0; i < kKeys; ++i) object.Set("key " + std::to_string(i), -i);
  ASSERT_EQ(object.size(), static_cast<size_t>(kKeys));
  for (int i = 0; i < kKeys; ++i) {
    const Value* value = object.Find("key " + std::to_string(i));
    ASSERT_NE(value, nullptr);
    ASSERT_EQ(value->AsInt64(), -i);
  }
  EXPECT_FALSE(object.Has("key 100000"));
}

TEST(Object, CopiesAndMovesKeepTheirIndex) {
  Object original;
  for (int i = 0; i < 50; ++i) original.Set(std::to_string(i), i);
  Object copy = original;
  copy.Set("50", 50);
  EXPECT_FALSE(original.Has("50"));
  const Object moved = std::move(copy);
  for (int i = 0; i <= 50; ++i) EXPECT_EQ(moved.Find(std::to_string(i))->AsInt64(), i);
}

}  // namespace
}  // namespace fathom::json
