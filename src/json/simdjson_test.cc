// simdjson as oracle: on random documents, whole and damaged, both parsers must agree on what is
// JSON and on what it says. One difference is known, and where the verdicts differ it is checked to
// be the cause: simdjson refuses integers beyond 64 bits and numbers beyond a double; we keep every
// number's text.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

#include "json/parse.h"
#include "json/write.h"

namespace fathom::json {
namespace {

namespace sj = simdjson::dom;

// A random document; not always a valid one, since strings may hold broken escapes.
class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  std::string Document() {
    std::string out;
    Append(&out, 0);
    return out;
  }

  // One small damage: a byte removed, doubled, replaced or moved, a broken escape, or the
  // end cut off.
  std::string Damage(std::string text) {
    if (text.empty()) return text;
    const size_t at = Below(text.size());
    static constexpr const char* kEscapes[] = {"\\ud83d", "\\ude00", "\\ud83d\\u0041", "\\u12"};
    static constexpr std::string_view kBytes = "{}[]:,\"\\ \n\t01-+.eEtfnu\x01\x1F\x80\xC3\xE2\xFF";
    switch (Below(6)) {
      case 0:
        text.erase(at, 1);
        break;
      case 1:
        text.insert(at, 1, text[at]);
        break;
      case 2:
        text[at] = kBytes[Below(kBytes.size())];
        break;
      case 3:
        std::swap(text[at], text[Below(text.size())]);
        break;
      case 4:
        text.insert(at, kEscapes[Below(std::size(kEscapes))]);
        break;
      default:
        text.resize(at);
    }
    return text;
  }

 private:
  size_t Below(size_t bound) { return random_() % bound; }

  void Append(std::string* out, int depth) {
    Space(out);
    switch (Below(depth > 5 ? 6 : 9)) {
      case 0:
        out->append("null");
        break;
      case 1:
        out->append(Below(2) == 0 ? "true" : "false");
        break;
      case 2:
      case 3:
        AppendNumber(out);
        break;
      case 4:
      case 5:
        AppendString(out);
        break;
      case 6:
      case 7: {
        out->push_back('[');
        const size_t count = Below(5);
        for (size_t i = 0; i < count; ++i) {
          if (i > 0) out->push_back(',');
          Append(out, depth + 1);
        }
        out->push_back(']');
        break;
      }
      default: {
        out->push_back('{');
        const size_t count = Below(5);
        for (size_t i = 0; i < count; ++i) {
          if (i > 0) out->push_back(',');
          Space(out);
          AppendString(out);
          Space(out);
          out->push_back(':');
          Append(out, depth + 1);
        }
        out->push_back('}');
      }
    }
    Space(out);
  }

  void Space(std::string* out) {
    while (Below(6) == 0) out->push_back(" \t\r\n"[Below(4)]);
  }

  void AppendNumber(std::string* out) {
    if (Below(3) == 0) out->push_back('-');
    out->append(std::to_string(random_() >> Below(64)));
    if (Below(3) == 0) out->append(".").append(std::to_string(random_() >> Below(64)));
    if (Below(4) == 0) {
      out->push_back("eE"[Below(2)]);
      out->append(Below(3) == 0 ? "+" : Below(2) == 0 ? "-" : "");
      out->append(std::to_string(Below(Below(4) == 0 ? 400 : 20)));
    }
  }

  void AppendString(std::string* out) {
    static constexpr const char* kPieces[] = {
        "a",    "key", " ",    "/",       "\xC3\xA9",       "\xE4\xB8\xAD", "\xF0\x9F\x98\x80",
        "\x7F", "\\n", "\\\"", "\\u0041", "\\ud83d\\ude00", "\\\\",         "\\/",
        "\\b",  "\\f", "\\t",  "\\u0000", "\\u00e9",        "\\uFFFF",      "0123456789abcdef"};
    out->push_back('"');
    const size_t count = Below(6);
    for (size_t i = 0; i < count; ++i) out->append(kPieces[Below(std::size(kPieces))]);
    out->push_back('"');
  }

  std::mt19937_64 random_;
};

// Numbers keep their text with us, so each is compared in the type simdjson chose.
void ExpectSameNumber(const sj::element& theirs, const Value& ours) {
  const std::string& text = ours.number().text;
  switch (theirs.type()) {
    case sj::element_type::INT64:
      EXPECT_EQ(ours.AsInt64(), int64_t{theirs.get_int64()}) << text;
      break;
    case sj::element_type::UINT64:
      EXPECT_EQ(text, std::to_string(uint64_t{theirs.get_uint64()}));
      break;
    default:
      EXPECT_EQ(ours.AsDouble(), double{theirs.get_double()}) << text;
      EXPECT_FALSE(IsIntegerText(text)) << text;
  }
}

// simdjson keeps duplicate members; the last one counts, at the place of the first.
void ExpectSame(const sj::element& theirs, const Value& ours) {
  switch (theirs.type()) {
    case sj::element_type::NULL_VALUE:
      EXPECT_TRUE(ours.is_null());
      return;
    case sj::element_type::BOOL:
      ASSERT_TRUE(ours.is_bool());
      EXPECT_EQ(ours.boolean(), bool{theirs.get_bool()});
      return;
    case sj::element_type::STRING:
      ASSERT_TRUE(ours.is_string());
      EXPECT_EQ(ours.string(), std::string_view{theirs.get_string()});
      return;
    case sj::element_type::ARRAY: {
      ASSERT_TRUE(ours.is_array());
      size_t i = 0;
      for (const sj::element element : theirs.get_array()) {
        ASSERT_LT(i, ours.array().size());
        ExpectSame(element, ours.array()[i++]);
      }
      EXPECT_EQ(i, ours.array().size());
      return;
    }
    case sj::element_type::OBJECT: {
      ASSERT_TRUE(ours.is_object());
      Object order;
      for (const auto member : theirs.get_object()) order.Set(std::string(member.key), nullptr);
      ASSERT_EQ(order.size(), ours.object().size());
      for (size_t i = 0; i < order.size(); ++i) {
        const std::string& key = ours.object().members()[i].key;
        EXPECT_EQ(order.members()[i].key, key);
        sj::element last;
        for (const auto member : theirs.get_object()) {
          if (member.key == key) last = member.value;
        }
        ExpectSame(last, ours.object().members()[i].value);
      }
      return;
    }
    default:
      ASSERT_TRUE(ours.is_number());
      ExpectSameNumber(theirs, ours);
  }
}

// Looks at the text, since a number may stand in a member that a later duplicate replaced.
bool HasNumberThatSimdjsonRefuses(std::string_view json) {
  for (size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '"') {
      for (++i; json[i] != '"'; ++i) i += json[i] == '\\';
    } else if (json[i] == '-' || (json[i] >= '0' && json[i] <= '9')) {
      const size_t end = std::min(json.find_first_not_of("0123456789+-.eE", i), json.size());
      const Value number = Number{std::string(json.substr(i, end - i))};
      const std::string& text = number.number().text;
      const double size = *number.AsDouble();
      if (IsIntegerText(text) ? size < -0x1p63 || size >= 0x1p64 : std::isinf(size)) return true;
      i = end - 1;
    }
  }
  return false;
}

struct Tally {
  int accepted = 0, refused = 0, numbers = 0;
};

void Compare(sj::parser* parser, const std::string& text, Tally* tally) {
  const Result<Value> ours = Parse(text);
  sj::element theirs;
  const simdjson::error_code error = parser->parse(text).get(theirs);
  if (ours.ok() && error == simdjson::SUCCESS) {
    ++tally->accepted;
    ExpectSame(theirs, *ours);
  } else if (!ours.ok() && error != simdjson::SUCCESS) {
    ++tally->refused;
  } else if (ours.ok()) {
    ++tally->numbers;
    EXPECT_TRUE(HasNumberThatSimdjsonRefuses(text)) << simdjson::error_message(error);
  } else {
    ADD_FAILURE() << "only simdjson accepts it: " << ours.status().message();
  }
}

TEST(Simdjson, AgreesOnRandomDocuments) {
  Generator generator(1);
  sj::parser parser;
  Tally tally;
  for (int i = 0; i < 20000; ++i) {
    const std::string text = generator.Document();
    Compare(&parser, text, &tally);
    if (HasFailure()) FAIL() << text;
  }
  // The documents are valid by construction, and nearly all hold only numbers that fit.
  EXPECT_EQ(tally.refused, 0);
  EXPECT_GT(tally.accepted, 15000);
  EXPECT_GT(tally.numbers, 10);
}

TEST(Simdjson, AgreesOnDamagedDocuments) {
  Generator generator(2);
  sj::parser parser;
  Tally tally;
  for (int i = 0; i < 60000; ++i) {
    std::string text = generator.Damage(generator.Document());
    if (i % 3 == 0) text = generator.Damage(text);
    Compare(&parser, text, &tally);
    if (HasFailure()) FAIL() << testing::PrintToString(text);
  }
  EXPECT_GT(tally.accepted, 5000);
  EXPECT_GT(tally.refused, 20000);
}

}  // namespace
}  // namespace fathom::json
