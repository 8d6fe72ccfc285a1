#include "agent/context_rules.h"

#include <gtest/gtest.h>

#include <random>

#include "chat/encode.h"
#include "chat/tool_results.h"

namespace fathom {
namespace {

using chat::Message;
using chat::Role;

// A conversation in one line: "s" a message of the system, "u" of the user, "d" of the developer,
// "a" an answer, a digit a round of so many calls.
std::vector<Message> Conversation(std::string_view form) {
  std::vector<Message> messages;
  for (size_t i = 0; i < form.size(); ++i) {
    const std::string content = fmt::format("{}{}", form[i], i);
    switch (form[i]) {
      case 's':
        messages.push_back({.role = Role::kSystem, .content = content});
        break;
      case 'u':
        messages.push_back({.role = Role::kUser, .content = content});
        break;
      case 'd':
        messages.push_back({.role = Role::kDeveloper, .content = content});
        break;
      case 'a':
        messages.push_back({.role = Role::kAssistant, .content = content, .reasoning = "Hm."});
        break;
      default:
        Message calls = {.role = Role::kAssistant, .content = "", .reasoning = "I look."};
        for (int c = 0; c < form[i] - '0'; ++c) {
          calls.tool_calls.push_back({fmt::format("call_{}_{}", i, c), "look", "{}"});
        }
        messages.push_back(calls);
        for (const chat::ToolCall& call : calls.tool_calls) {
          messages.push_back(
              {.role = Role::kTool, .content = "seen by " + call.id, .tool_call_id = call.id});
        }
    }
  }
  return messages;
}

// And back.
std::string Form(const std::vector<Message>& messages) {
  std::string form;
  for (const Message& message : messages) {
    if (message.role == Role::kSystem) form += 's';
    if (message.role == Role::kUser) form += 'u';
    if (message.role == Role::kDeveloper) form += 'd';
    if (message.role != Role::kAssistant) continue;
    form += message.tool_calls.empty() ? 'a' : static_cast<char>('0' + message.tool_calls.size());
  }
  return form;
}

// Every call has its result and the other way round, and `from` names equal messages.
void ExpectWhole(const std::vector<Message>& before, const KeptConversation& kept,
                 std::optional<size_t> changed = {}) {
  std::vector<Message> ordered = kept.messages;
  EXPECT_TRUE(chat::OrderToolResults(&ordered).ok());
  EXPECT_EQ(ordered, kept.messages);
  ASSERT_EQ(kept.from.size(), kept.messages.size());
  for (size_t i = 0; i < kept.from.size(); ++i) {
    if (kept.from[i] == changed) continue;
    EXPECT_EQ(kept.messages[i], before[kept.from[i]]) << i;
  }
}

TEST(ContextStrategy, NamesAreFound) {
  for (const ContextStrategyRow& row : kContextStrategies) {
    EXPECT_EQ(*FindContextStrategy(row.name), row.strategy);
    EXPECT_EQ(Name(row.strategy), row.name);
  }
  EXPECT_EQ(FindContextStrategy("forget").status().message(),
            "'forget' is none of keep, summary, discard-75, discard-all");
}

TEST(DropRounds, GoesFromTheFrontAndLeavesTheRest) {
  const struct {
    std::string_view before;
    size_t count;
    std::string_view after;
  } kCases[] = {
      {"su1111", 3, "su1"},      {"su1111", 4, "su"},    {"su1111", 9, "su"},
      {"su1111", 0, "su1111"},   {"u312", 1, "u12"},     {"su1a", 1, "sua"},
      {"su12au3a", 2, "suau3a"}, {"su12au3", 3, "suau"}, {"ua", 1, "ua"},
      {"su1su1", 1, "susu1"},    {"d11", 1, "d1"},       {"u1u1", 1, "uu1"},
  };
  for (const auto& row : kCases) {
    const std::vector<Message> before = Conversation(row.before);
    const KeptConversation kept = DropRounds(before, row.count);
    EXPECT_EQ(Form(kept.messages), row.after) << row.before;
    EXPECT_EQ(static_cast<size_t>(kept.dropped_rounds + kept.kept_rounds),
              FindRounds(before).size());
    ExpectWhole(before, kept);
  }
}

TEST(DropRounds, WhatIsKeptIsAConversation) {
  std::mt19937 random(7);
  for (int i = 0; i < 300; ++i) {
    std::string form = random() % 2 == 0 ? "su" : "u";
    while (random() % 12 != 0) form += "123123ua"[random() % 8];
    if (form.back() == 'a') form += 'u';
    const std::vector<Message> before = Conversation(form);
    const size_t rounds = FindRounds(before).size();
    const KeptConversation kept = DropRounds(before, random() % (rounds + 1));
    ExpectWhole(before, kept);
    const auto prompt =
        chat::Encode(kept.messages, {.thinking_mode = chat::ThinkingMode::kThinking});
    EXPECT_TRUE(prompt.ok()) << form << ": " << prompt.status().message();
  }
}

TEST(DiscardedOf, ThreeQuartersAndNeverTheLast) {
  const std::vector<size_t> expected = {0, 0, 1, 2, 3, 3, 4, 5, 6};
  for (size_t rounds = 0; rounds < expected.size(); ++rounds) {
    EXPECT_EQ(DiscardedOf(rounds), expected[rounds]) << rounds;
  }
  EXPECT_EQ(DiscardedOf(40), 30U);
}

TEST(CanSummarise, WhenThereIsMoreThanAQuestion) {
  for (const std::string_view form : {"u1", "su1", "ssu1", "uau", "suu", "d1", "u1u"}) {
    EXPECT_TRUE(CanSummarise(Conversation(form))) << form;
  }
  for (const std::string_view form : {"u", "su", "ssu", "sd", "s", "", "1"}) {
    EXPECT_FALSE(CanSummarise(Conversation(form))) << form;
  }
}

TEST(RestartFromSummary, SystemQuestionSummary) {
  const struct {
    std::string_view before;
    size_t covered;  // of the messages
    std::string_view after;
  } kCases[] = {
      {"su111", 8, "su"}, {"su112", 6, "su2"},  {"su1au2", 9, "su"}, {"ssu1", 5, "ssu"},
      {"uau12", 5, "u2"}, {"sd111", 4, "sd11"}, {"u11", 0, "u11"},   {"suau", 4, "su"},
      {"suau", 3, "su"},  {"u1au1", 4, "u1"},
  };
  for (const auto& row : kCases) {
    const std::vector<Message> before = Conversation(row.before);
    const KeptConversation kept = RestartFromSummary(before, "SUM", row.covered);
    EXPECT_EQ(Form(kept.messages), row.after) << row.before;
    const size_t question = *LastQuestion(before);
    ExpectWhole(before, kept, question);
    const std::string& text = *kept.messages[*LastQuestion(kept.messages)].content;
    EXPECT_TRUE(text.starts_with(*before[question].content + "\n\n[")) << text;
    EXPECT_TRUE(text.ends_with("\n\nSUM")) << text;
  }
}

TEST(RestartFromSummary, ASecondSummaryReplacesTheFirst) {
  const std::vector<Message> before = Conversation("su1");
  std::vector<Message> once = RestartFromSummary(before, "the first one", 4).messages;
  const std::vector<Message> more = Conversation("11");
  once.insert(once.end(), more.begin(), more.end());
  const std::vector<Message> twice = RestartFromSummary(once, "the second one", 6).messages;
  EXPECT_EQ(twice, RestartFromSummary(before, "the second one", 4).messages);
}

TEST(AskForSummary, StandsBehindEverything) {
  const std::vector<Message> before = Conversation("su12");
  const std::vector<Message> asked = AskForSummary(before);
  ASSERT_EQ(asked.size(), before.size() + 1);
  EXPECT_TRUE(std::equal(before.begin(), before.end(), asked.begin()));
  EXPECT_EQ(asked.back().role, Role::kUser);
  EXPECT_NE(asked.back().content->find("Call no tools"), std::string::npos);
}

// The rule that the encoder keeps: of the reasoning, what followed the last question.
TEST(Reasoning, IsPrintedThroughAToolLoopAndGoesWithTheNextQuestion) {
  const auto prompt = [](std::string_view form) {
    const auto made =
        chat::Encode(Conversation(form), {.thinking_mode = chat::ThinkingMode::kThinking});
    EXPECT_TRUE(made.ok()) << made.status().message();
    std::string text;
    for (const chat::Segment& segment : made->segments()) text += segment.text;
    return text;
  };
  const auto count = [](const std::string& text, std::string_view part) {
    int found = 0;
    for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
    return found;
  };
  EXPECT_EQ(count(prompt("u111"), "I look."), 3);
  EXPECT_EQ(count(prompt("u111au"), "I look."), 0);
  EXPECT_EQ(count(prompt("u111au2"), "I look."), 1);
  EXPECT_EQ(count(prompt("u111au2"), "seen by"), 5);
  // The conversation itself keeps it.
  EXPECT_EQ(Conversation("u1u")[1].reasoning, "I look.");
}

}  // namespace
}  // namespace fathom
