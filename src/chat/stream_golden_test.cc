// The streaming parser against the strict one, on every golden completion and every way to cut it.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "chat/dsml.h"
#include "chat/message_builder.h"
#include "chat/parse.h"
#include "chat/stream_parser.h"
#include "json/parse.h"
#include "json/write.h"
#include "support/golden_completions.h"
#include "support/stream_run.h"

namespace fathom::chat {
namespace {

using Cause = StreamParser::Cause;
using test::GoldenCompletion;
using test::GoldenCompletions;

StreamOptions OptionsOf(const GoldenCompletion& completion) {
  return {.start_in_reasoning = completion.thinking};
}

std::vector<StreamEvent> Whole(const GoldenCompletion& completion) {
  return test::Joined(test::Run(test::SplitSpecials(completion.text), OptionsOf(completion),
                                Cause::kEndOfText, [](size_t left) { return left; }));
}

TEST(StreamGolden, SameMessageWhereTheStrictParserAccepts) {
  int accepted = 0, invalid_values = 0;
  for (const GoldenCompletion& completion : GoldenCompletions()) {
    const Outcome<Message> strict = ParseCompletion(completion.text, completion.thinking);
    const std::vector<StreamEvent> events = Whole(completion);
    ASSERT_EQ(events.back().kind, EventKind::kEnd);
    const StreamEnd& end = events.back().end;
    // Without repairs the strict parser accepts what the model wrote up to its end.
    const size_t eos = completion.text.find(kEos);
    const std::string written = completion.text.substr(0, eos) + std::string(kEos);
    if (end.repairs.empty()) {
      EXPECT_TRUE(ParseCompletion(written, completion.thinking).ok()) << completion.text;
    }
    if (!strict.ok()) continue;
    ++accepted;
    MessageBuilder builder;
    for (const StreamEvent& event : events) builder.Add(event);
    Message expected = *strict;
    bool invalid = false;
    for (size_t i = 0; i < expected.tool_calls.size(); ++i) {
      // A value that is no JSON is passed on by the strict parser, and made a string by this one.
      if (json::Parse(expected.tool_calls[i].arguments, {.python_constants = true}).ok()) continue;
      invalid = true;
      ASSERT_LT(i, builder.message().tool_calls.size());
      const std::string& mended = builder.message().tool_calls[i].arguments;
      EXPECT_TRUE(json::Parse(mended).ok()) << mended;
      expected.tool_calls[i].arguments = mended;
    }
    invalid_values += invalid;
    EXPECT_EQ(end.repairs.Has(Repair::kInvalidJson), invalid) << completion.text;
    EXPECT_EQ(json::Dump(ToJson(builder.message()), json::Style::kPython),
              json::Dump(ToJson(expected), json::Style::kPython));
    EXPECT_EQ(end.complete_calls, static_cast<int>(expected.tool_calls.size()));
  }
  EXPECT_GT(accepted, 250);
  EXPECT_GT(invalid_values, 0);
}

// Every place between two bytes at which a text may be cut, half characters included.
TEST(StreamGolden, EveryCutGivesTheSameEvents) {
  size_t cuts = 0;
  for (const GoldenCompletion& completion : GoldenCompletions()) {
    const std::vector<test::Piece> pieces = test::SplitSpecials(completion.text);
    const std::vector<StreamEvent> expected = Whole(completion);
    for (size_t cut = 1; cut < completion.text.size(); ++cut) {
      size_t at = 0;
      const auto next = [&](size_t left) {
        const size_t take = cut > at && cut - at < left ? cut - at : left;
        at += take;
        return take;
      };
      const auto events = test::Run(pieces, OptionsOf(completion), Cause::kEndOfText, next);
      ASSERT_EQ(test::Joined(events), expected) << "cut at " << cut << " of " << completion.text;
      ++cuts;
    }
  }
  EXPECT_GT(cuts, 100000u);
}

TEST(StreamGolden, ByteByByteAndRandomChunksGiveTheSameEvents) {
  std::mt19937_64 random(1);
  for (const GoldenCompletion& completion : GoldenCompletions()) {
    const std::vector<test::Piece> pieces = test::SplitSpecials(completion.text);
    const std::vector<StreamEvent> expected = Whole(completion);
    for (int round = 0; round < 8; ++round) {
      const auto next = [&](size_t left) {
        return round == 0 ? size_t{1} : 1 + random() % std::min<size_t>(left, 12);
      };
      const auto events = test::Run(pieces, OptionsOf(completion), Cause::kEndOfText, next);
      ASSERT_EQ(test::Joined(events), expected) << completion.text;
    }
  }
}

}  // namespace
}  // namespace fathom::chat
