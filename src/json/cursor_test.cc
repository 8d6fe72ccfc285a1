#include "json/cursor.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "json/parse.h"

namespace fathom::json {
namespace {

// The value at the cursor, read container by container.
bool Walk(Cursor* at, Value* out) {
  switch (at->NextKind()) {
    case Kind::kObject: {
      Object object;
      std::string_view key;
      if (!at->BeginObject()) return false;
      while (at->NextMember(&key)) {
        std::string name(key);
        Value value;
        if (!Walk(at, &value)) return false;
        object.Set(std::move(name), std::move(value));
      }
      *out = Value(std::move(object));
      return at->status().ok();
    }
    case Kind::kArray: {
      Array array;
      if (!at->BeginArray()) return false;
      while (at->NextElement()) {
        if (!Walk(at, &array.emplace_back())) return false;
      }
      *out = Value(std::move(array));
      return at->status().ok();
    }
    case Kind::kString: {
      std::string_view text;
      if (!at->String(&text)) return false;
      *out = Value(text);
      return true;
    }
    default:
      return at->Read(out);
  }
}

Result<Value> WalkText(std::string_view text) {
  Cursor at(text);
  Value value;
  Walk(&at, &value);
  at.End();
  if (!at.status().ok()) return at.status();
  return value;
}

TEST(Cursor, ReadsMembersInOrder) {
  Cursor at(R"( {"a": 1, "skip": {"x": [1, "]}"]}, "b": ["p", "q\n"], "\u0063": -0} )");
  std::string_view key;
  std::string_view text;
  int64_t number = -1;
  ASSERT_TRUE(at.BeginObject());
  ASSERT_TRUE(at.NextMember(&key));
  EXPECT_EQ(key, "a");
  ASSERT_TRUE(at.Int(&number));
  EXPECT_EQ(number, 1);
  ASSERT_TRUE(at.NextMember(&key));
  ASSERT_TRUE(at.Skip());
  ASSERT_TRUE(at.NextMember(&key));
  EXPECT_EQ(key, "b");
  ASSERT_TRUE(at.BeginArray());
  ASSERT_TRUE(at.NextElement());
  ASSERT_TRUE(at.String(&text));
  EXPECT_EQ(text, "p");
  ASSERT_TRUE(at.NextElement());
  ASSERT_TRUE(at.String(&text));
  EXPECT_EQ(text, "q\n");
  EXPECT_FALSE(at.NextElement());
  ASSERT_TRUE(at.NextMember(&key));
  EXPECT_EQ(key, "c");
  ASSERT_TRUE(at.Int(&number));
  EXPECT_EQ(number, 0);
  EXPECT_FALSE(at.NextMember(&key));
  EXPECT_TRUE(at.End());
  EXPECT_TRUE(at.status().ok());
}

TEST(Cursor, CopyGoesBackToItsPlace) {
  Cursor at(R"([["later"], 2])");
  std::string_view text;
  ASSERT_TRUE(at.BeginArray() && at.NextElement());
  Cursor saved = at;
  ASSERT_TRUE(at.Skip() && at.NextElement() && at.Skip() && !at.NextElement() && at.End());
  ASSERT_TRUE(saved.BeginArray() && saved.NextElement() && saved.String(&text));
  EXPECT_EQ(text, "later");
}

TEST(Cursor, SaysWhatItFoundAndWhere) {
  struct Case {
    std::string_view text;
    std::string_view message;
  };
  for (const auto& [text, message] :
       std::vector<Case>{{R"({"a": 1)", "byte 7: expecting ',' delimiter"},
                         {R"({"a" 1})", "byte 5: expecting ':' delimiter"},
                         {R"({a: 1})", "byte 1: expecting property name enclosed in double quotes"},
                         {R"({"a": "x)", "byte 6: unterminated string starting at"},
                         {R"([1, ])", "byte 4: expecting value"},
                         {"[1] 2", "byte 4: extra data"},
                         {"", "byte 0: expecting value"},
                         {"[\"a\x01\"]", "byte 3: invalid control character at"},
                         {"[\"a\xFF\"]", "byte 3: invalid UTF-8 in a string"}}) {
    EXPECT_EQ(WalkText(text).status().message(), message) << text;
  }
}

TEST(Cursor, NamesTheKindItWanted) {
  int64_t number = 0;
  std::string_view text;
  Cursor object(" [1]");
  EXPECT_FALSE(object.BeginObject());
  EXPECT_EQ(object.status().message(), "byte 1: expected object, found array");
  Cursor string("17");
  EXPECT_FALSE(string.String(&text));
  EXPECT_EQ(string.status().message(), "byte 0: expected string, found number");
  Cursor fraction("1.5");
  EXPECT_FALSE(fraction.Int(&number));
  EXPECT_EQ(fraction.status().message(), "byte 0: expected integer, found 1.5");
  Cursor huge("[123456789012345678901234567890]");
  EXPECT_FALSE(huge.BeginArray() && huge.NextElement() && huge.Int(&number));
  EXPECT_EQ(huge.status().message(),
            "byte 1: expected integer, found 123456789012345678901234567890");
  Cursor sticky("{}");
  EXPECT_FALSE(sticky.BeginArray());
  EXPECT_FALSE(sticky.BeginObject());
  EXPECT_EQ(sticky.status().message(), "byte 0: expected array, found object");
}

// Texts one random edit away from good ones: the walk accepts what the parser accepts, and reads
// the same.
TEST(Cursor, AgreesWithTheParser) {
  const std::vector<std::string> good = {
      R"({"model": {"vocab": {"a": 0, "Ġb": 1}, "merges": ["a b", ["a", "Ġb"]]}, "n": null})",
      R"([[], {}, [[[]]], {"a": {"b": []}}, true, false, null, -1.5e3, "", "\ud83d\ude00\\\""])",
      R"( [ 0 , -0 , 10 , 1e2 , "x y" , { "k" : "v" , "k" : 2 } ] )"};
  constexpr std::string_view kInserted = "{}[]\",:\\ 0-1.e\x01\xFFtn";
  int accepted = 0;
  for (uint64_t round = 0; round < 30000; ++round) {
    const auto bits = Philox(1, 0, round);
    std::string text = good[bits[0] % good.size()];
    const size_t place = bits[1] % text.size();
    switch (bits[2] % 3) {
      case 0:
        text.erase(place, 1 + bits[3] % 3);
        break;
      case 1:
        text.insert(place, 1, kInserted[bits[3] % kInserted.size()]);
        break;
      default:
        text[place] = kInserted[bits[3] % kInserted.size()];
    }
    const Result<Value> parsed = Parse(text);
    const Result<Value> walked = WalkText(text);
    ASSERT_EQ(walked.ok(), parsed.ok()) << text << "\n"
                                        << walked.status().message() << "\n"
                                        << parsed.status().message();
    if (parsed.ok()) {
      EXPECT_EQ(*walked, *parsed) << text;
      ++accepted;
    }
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace fathom::json
