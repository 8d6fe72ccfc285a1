#include "agent/agent_turn.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/mapped_file.h"
#include "chat/dsml.h"
#include "chat/encode.h"
#include "chat/tool_results.h"
#include "support/nano_grammars.h"
#include "support/nano_tokenizer.h"

namespace fathom {
namespace {

using chat::Message;
using chat::Role;

using test::Nano;

Message User(std::string text) { return {.role = Role::kUser, .content = std::move(text)}; }
Message System(std::string text) { return {.role = Role::kSystem, .content = std::move(text)}; }

std::vector<chat::ToolDefinition> LookUp() {
  json::Object parameters{
      {"type", "object"},
      {"properties", json::Object{{"page", json::Object{{"type", "integer"}}}}}};
  return {{json::Object{{"type", "function"},
                        {"function", json::Object{{"name", "look_up"},
                                                  {"description", "Looks up a page."},
                                                  {"parameters", parameters}}}}}};
}

// An answer as the model gives it, with its tokens.
GeneratedMessage Says(std::string content, chat::FinishReason reason = chat::FinishReason::kStop) {
  GeneratedMessage answer;
  answer.message = {.role = Role::kAssistant, .content = std::move(content), .reasoning = "Hm."};
  answer.end.reason = reason;
  answer.tokens = Nano().Encode("Hm.</think>" + *answer.message.content, AllowSpecial::kYes);
  answer.tokens.push_back(*Nano().TokenId(chat::kEos));
  return answer;
}

GeneratedMessage Calls(std::vector<int> pages,
                       chat::FinishReason reason = chat::FinishReason::kToolCalls) {
  static int next_id = 0;
  GeneratedMessage answer;
  answer.message = {.role = Role::kAssistant, .content = "", .reasoning = "I look."};
  for (const int page : pages) {
    answer.message.tool_calls.push_back(
        {fmt::format("call_{}", next_id++), "look_up", fmt::format("{{\"page\": {}}}", page)});
  }
  answer.end.reason = reason;
  answer.end.complete_calls = static_cast<int>(pages.size());
  return answer;  // without tokens: they are encoded
}

ToolRun Result(const chat::ToolCall& call, std::string text) { return {call, std::move(text)}; }

TurnOptions Options(ContextStrategy strategy = ContextStrategy::kKeep, int64_t window = 4096) {
  TurnOptions options;
  options.max_rounds = 100;
  options.tools = LookUp();
  options.ask.thinking = chat::ThinkingMode::kThinking;
  options.context = {strategy, window};
  return options;
}

template <typename T>
T Take(AgentTurn& turn) {
  auto step = turn.Next();
  FATHOM_CHECK(step.ok(), "{}", step.status().message());
  FATHOM_CHECK(std::holds_alternative<T>(*step), "step {}", step->index());
  return std::get<T>(*std::move(step));
}

// Every call has its result, in the order of the calls.
bool IsWhole(const std::vector<Message>& messages) {
  std::vector<Message> ordered = messages;
  return chat::OrderToolResults(&ordered).ok() && ordered == messages;
}

TEST(AgentTurn, AnswersAtOnce) {
  AgentTurn turn(Nano(), Options(), {User("Hi")});
  const auto generate = Take<AgentTurn::Generate>(turn);
  EXPECT_EQ(generate.round, 0);
  EXPECT_FALSE(generate.summary);
  // Tools are shown, and no part of the conversation.
  EXPECT_EQ(generate.request.messages.front().tools, LookUp());
  turn.Answered(Says("Hello!"));
  EXPECT_EQ(Take<AgentTurn::Done>(turn).end, TurnEnd::kAnswered);
  ASSERT_EQ(turn.messages().size(), 2U);
  EXPECT_EQ(turn.messages()[1], Says("Hello!").message);
}

TEST(AgentTurn, CallsInAnyOrderAndGoesOn) {
  AgentTurn turn(Nano(), Options(), {User("Add up pages 1 to 3.")});
  const auto first = Take<AgentTurn::Generate>(turn);
  turn.Answered(Calls({1, 2, 3}));
  const auto calls = Take<AgentTurn::RunCalls>(turn).calls;
  ASSERT_EQ(calls.size(), 3U);
  for (const size_t call : {2, 0, 1}) {
    EXPECT_TRUE(IsWhole(turn.messages()));
    turn.Ran(call, Result(calls[call], fmt::format("page {}", call + 1)));
  }
  const auto second = Take<AgentTurn::Generate>(turn);
  EXPECT_EQ(second.round, 1);
  EXPECT_TRUE(std::ranges::equal(
      first.prompt.tokens, std::span(second.prompt.tokens).first(first.prompt.tokens.size())));
  ASSERT_EQ(turn.messages().size(), 5U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(turn.messages()[2 + i].content, fmt::format("page {}", i + 1));
    EXPECT_EQ(turn.messages()[2 + i].tool_call_id, calls[i].id);
  }
  turn.Answered(Says("6"));
  EXPECT_EQ(Take<AgentTurn::Done>(turn).end, TurnEnd::kAnswered);
}

// What the model said stands in the next prompt in its own tokens.
TEST(AgentTurn, TheNextPromptContinuesTheLastOne) {
  TurnOptions options = Options();
  AgentTurn turn(Nano(), options, {User("Hi")});
  const auto first = Take<AgentTurn::Generate>(turn);
  GeneratedMessage said = Calls({1});
  // Letter by letter, as no tokenizer would.
  for (const char c : std::string("I look.")) {
    said.tokens.push_back(*Nano().TokenId(std::string_view(&c, 1)));
  }
  const std::string markup =
      "</think>\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"look_up\">\n<｜DSML｜parameter "
      "name=\"page\" string=\"false\">1</｜DSML｜parameter>\n</｜DSML｜invoke>\n"
      "</｜DSML｜function_calls><｜end▁of▁sentence｜>";
  std::ranges::copy(Nano().Encode(markup, AllowSpecial::kYes), std::back_inserter(said.tokens));
  turn.Answered(said);
  turn.Ran(0, Result(Take<AgentTurn::RunCalls>(turn).calls[0], "page 1"));
  const auto second = Take<AgentTurn::Generate>(turn);
  std::vector<int32_t> expected = first.prompt.tokens;
  expected.insert(expected.end(), said.tokens.begin(), said.tokens.end());
  ASSERT_GT(second.prompt.tokens.size(), expected.size());
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), second.prompt.tokens.begin()));
}

TEST(AgentTurn, EveryEndLeavesAWholeConversation) {
  using Reason = chat::FinishReason;
  const struct {
    GeneratedMessage answer;
    int max_rounds;
    TurnEnd end;
    std::string result;  // of its calls
  } kCases[] = {
      {Calls({1, 2}), 1, TurnEnd::kRounds, OutOfRoundsResult(1)},
      {Calls({1, 2}, Reason::kLength), 9, TurnEnd::kLength, CutOffResult()},
      {Calls({1, 2}, Reason::kLimit), 9, TurnEnd::kLimit, CutOffResult()},
      {Calls({1, 2}, Reason::kCancelled), 9, TurnEnd::kStopped, StoppedResult()},
      {Calls({1, 2}, Reason::kCancelled), 1, TurnEnd::kStopped, StoppedResult()},
      {Says("Half an ans", Reason::kLength), 9, TurnEnd::kLength, ""},
      {Says("Half an ans", Reason::kCancelled), 9, TurnEnd::kStopped, ""},
  };
  for (const auto& row : kCases) {
    TurnOptions options = Options();
    options.max_rounds = row.max_rounds;
    AgentTurn turn(Nano(), options, {User("Hi")});
    Take<AgentTurn::Generate>(turn);
    turn.Answered(row.answer);
    EXPECT_EQ(Take<AgentTurn::Done>(turn).end, row.end);
    EXPECT_TRUE(IsWhole(turn.messages()));
    EXPECT_EQ(turn.messages()[1], row.answer.message);
    for (size_t i = 2; i < turn.messages().size(); ++i) {
      EXPECT_EQ(turn.messages()[i].content, row.result);
    }
  }
}

TEST(AgentTurn, StoppedBetweenResults) {
  AgentTurn turn(Nano(), Options(), {User("Hi")});
  Take<AgentTurn::Generate>(turn);
  turn.Answered(Calls({1, 2, 3}));
  const auto calls = Take<AgentTurn::RunCalls>(turn).calls;
  turn.Ran(1, Result(calls[1], "page 2"));
  turn.Stop();
  EXPECT_EQ(Take<AgentTurn::Done>(turn).end, TurnEnd::kStopped);
  EXPECT_TRUE(IsWhole(turn.messages()));
  EXPECT_EQ(turn.messages()[2].content, StoppedResult());
  EXPECT_EQ(turn.messages()[3].content, "page 2");
  EXPECT_EQ(turn.messages()[4].content, StoppedResult());
  // And the conversation can go on.
  std::vector<Message> next = turn.messages();
  next.push_back(User("Go on."));
  AgentTurn again(Nano(), Options(), next);
  Take<AgentTurn::Generate>(again);
}

TEST(AgentTurn, StoppedBeforeAWordIsNothingSaid) {
  AgentTurn turn(Nano(), Options(), {User("Hi")});
  Take<AgentTurn::Generate>(turn);
  GeneratedMessage nothing;
  nothing.message = {.role = Role::kAssistant, .content = ""};
  nothing.end.reason = chat::FinishReason::kCancelled;
  turn.Answered(nothing);
  EXPECT_EQ(Take<AgentTurn::Done>(turn).end, TurnEnd::kStopped);
  EXPECT_EQ(turn.messages().size(), 1U);
}

// A stop string, or the end behind a single call, ends an answer whose calls are to be run.
TEST(AgentTurn, CallsBeforeAStopAreRun) {
  AgentTurn turn(Nano(), Options(), {User("Hi")});
  Take<AgentTurn::Generate>(turn);
  turn.Answered(Calls({1}, chat::FinishReason::kStop));
  EXPECT_EQ(Take<AgentTurn::RunCalls>(turn).calls.size(), 1U);
}

// --- The window.

// A model that looks up one page after the other, so many times, and then answers; asked for a
// summary, it says one.
struct Searcher {
  int rounds = 40;
  std::string summary = "Pages so far hold harbours and ships.";

  struct Seen {
    std::vector<AgentTurn::ContextChange> changes;
    int64_t most_tokens = 0;  // of a prompt
    int summaries = 0;
    TurnEnd end = TurnEnd::kStopped;
    Status status;
  };
  Seen Run(AgentTurn& turn) const {
    Seen seen;
    int said = 0;
    while (true) {
      EXPECT_TRUE(IsWhole(turn.messages()));
      auto step = turn.Next();
      if (!step.ok()) {
        seen.status = step.status();
        return seen;
      }
      if (const auto* done = std::get_if<AgentTurn::Done>(&*step)) {
        seen.end = done->end;
        return seen;
      }
      if (const auto* generate = std::get_if<AgentTurn::Generate>(&*step)) {
        seen.most_tokens =
            std::max(seen.most_tokens, static_cast<int64_t>(generate->prompt.tokens.size()));
        seen.summaries += generate->summary ? 1 : 0;
        turn.Answered(generate->summary ? Says(summary)
                      : said < rounds   ? Calls({++said})
                                        : Says("It is on page 40."));
      } else if (const auto* calls = std::get_if<AgentTurn::RunCalls>(&*step)) {
        turn.Ran(0, Result(calls->calls[0], PageText(said)));
      } else {
        seen.changes.push_back(std::get<AgentTurn::ContextChange>(*step));
      }
    }
  }
  static std::string PageText(int page) {
    return fmt::format(
        "Page {}: in the old harbour lie {} ships, of which {} are to sail with the "
        "next tide, when the wind turns.",
        page, 3 * page + 1, page % 5);
  }
};

constexpr ContextStrategy kShortening[] = {ContextStrategy::kSummary, ContextStrategy::kDiscard75,
                                           ContextStrategy::kDiscardAll};
constexpr int64_t kWindow = 2048;

std::vector<Message> Question() {
  return {System("You search an archive."), User("On which page is the harbour with 121 ships?")};
}

size_t RoundsOf(const std::vector<Message>& messages) { return FindRounds(messages).size(); }

TEST(AgentTurn, FortyRoundsPassTheWindowWithEveryStrategy) {
  for (const ContextStrategy strategy : kShortening) {
    AgentTurn turn(Nano(), Options(strategy, kWindow), Question());
    const Searcher::Seen seen = Searcher().Run(turn);
    ASSERT_TRUE(seen.status.ok()) << Name(strategy) << ": " << seen.status.message();
    EXPECT_EQ(seen.end, TurnEnd::kAnswered);
    EXPECT_EQ(turn.messages().back().content, "It is on page 40.");
    ASSERT_FALSE(seen.changes.empty()) << Name(strategy);
    EXPECT_LT(seen.most_tokens, kWindow);
    for (const auto& change : seen.changes) {
      EXPECT_EQ(change.strategy, strategy);
      EXPECT_GT(change.before_tokens, kContextShare * kWindow);
      EXPECT_LE(change.after_tokens, kContextShare * kWindow);
      EXPECT_GT(change.dropped_rounds, 0);
      EXPECT_EQ(change.summary.has_value(), strategy == ContextStrategy::kSummary);
    }
    // System and question stand where they stood; the newest round is there.
    EXPECT_EQ(turn.messages()[0], Question()[0]);
    EXPECT_TRUE(turn.messages()[1].content->starts_with(*Question()[1].content));
    const bool as_it_was = turn.messages()[1] == Question()[1];
    EXPECT_EQ(as_it_was, strategy != ContextStrategy::kSummary);
  }
}

// docs/agent.md shows what is kept of forty rounds, and it is this.
TEST(AgentTurn, TheTableOfTheDocument) {
  const auto document = ReadFile(FATHOM_SOURCE_DIR "/docs/agent.md", 1 << 20);
  ASSERT_TRUE(document.ok()) << document.status().message();
  for (const auto& [strategy, name] : kContextStrategies) {
    AgentTurn turn(Nano(), Options(strategy, kWindow), Question());
    const Searcher::Seen seen = Searcher().Run(turn);
    std::string row = fmt::format("| `{}` | {} | ", name, seen.changes.size());
    if (seen.changes.empty()) {
      row += "| | | ";
    } else {
      const AgentTurn::ContextChange& first = seen.changes.front();
      row += fmt::format("{} → {} | {} | {} | ", first.before_tokens, first.after_tokens,
                         first.dropped_rounds, first.kept_rounds);
    }
    row += fmt::format("{} | {} | {} |\n", seen.most_tokens, RoundsOf(turn.messages()),
                       seen.status.ok() ? "answered" : "error");
    EXPECT_NE(document->find(row), std::string::npos) << row;
  }
}

TEST(AgentTurn, KeepRunsIntoTheWindowsEndAndSaysSo) {
  AgentTurn turn(Nano(), Options(ContextStrategy::kKeep, kWindow), Question());
  const Searcher::Seen seen = Searcher().Run(turn);
  EXPECT_EQ(seen.status.code(), Code::kInvalidArgument);
  EXPECT_TRUE(seen.status.message().starts_with("messages: the next prompt has 2"))
      << seen.status.message();
  EXPECT_NE(seen.status.message().find("2048"), std::string::npos) << seen.status.message();
  EXPECT_TRUE(seen.changes.empty());
  EXPECT_GT(seen.most_tokens, kContextShare * kWindow);
  EXPECT_GT(RoundsOf(turn.messages()), 10U);
}

// Between 80 % and the end nothing happens before a strategy is due, and it is due above 80 %.
TEST(AgentTurn, TheThresholdIsExact) {
  AgentTurn counted(Nano(), Options(), Question());
  const auto tokens = static_cast<int64_t>(Take<AgentTurn::Generate>(counted).prompt.tokens.size());
  std::vector<Message> messages = Question();
  const GeneratedMessage call = Calls({1});
  messages.push_back(call.message);
  messages.push_back(
      {.role = Role::kTool, .content = "page 1", .tool_call_id = call.message.tool_calls[0].id});
  AgentTurn longer(Nano(), Options(), messages);
  const auto more = static_cast<int64_t>(Take<AgentTurn::Generate>(longer).prompt.tokens.size());
  ASSERT_GT(more, tokens);
  for (const bool due : {false, true}) {
    TurnOptions options = Options(ContextStrategy::kDiscardAll, 2 * more);
    options.context.share = due ? 0.4999 : 0.5;  // of a window that is twice as long
    AgentTurn turn(Nano(), options, messages);
    auto step = turn.Next();
    ASSERT_TRUE(step.ok());
    const auto* change = std::get_if<AgentTurn::ContextChange>(&*step);
    EXPECT_EQ(change == nullptr ? 0 : change->after_tokens, due ? tokens : 0);
  }
}

TEST(AgentTurn, ASummaryIsARequestOfItsOwn) {
  std::vector<Message> messages = Question();
  TurnOptions options = Options(ContextStrategy::kSummary, kWindow);
  options.ask.sampling.min_tokens = 5;
  options.ask.sampling.max_tokens = 7;
  options.ask.stop = {"ship"};
  options.ask.grammar = *test::NanoGrammars().Get(
      {.json_schema = json::Object{{"type", "object"}}, .json_path = "form"});
  AgentTurn turn(Nano(), options, messages);
  bool looked = false;
  int said = 0;
  while (!looked) {
    auto step = turn.Next();
    ASSERT_TRUE(step.ok()) << step.status().message();
    if (const auto* calls = std::get_if<AgentTurn::RunCalls>(&*step)) {
      turn.Ran(0, Result(calls->calls[0], Searcher::PageText(said)));
      continue;
    }
    const auto& generate = std::get<AgentTurn::Generate>(*step);
    if (!generate.summary) {
      EXPECT_EQ(generate.request.grammar, options.ask.grammar);
      turn.Answered(Calls({++said}));
      continue;
    }
    looked = true;
    // The tools are shown; calls can't be made.
    EXPECT_EQ(generate.request.messages.front().tools, LookUp());
    EXPECT_EQ(generate.request.sampling.logit_bias.at(*Nano().TokenId(chat::kDsml)), -100);
    EXPECT_TRUE(generate.request.stop.empty());
    EXPECT_EQ(generate.request.grammar, nullptr);
    EXPECT_EQ(generate.request.thinking, chat::ThinkingMode::kChat);
    EXPECT_EQ(generate.request.sampling.min_tokens, 0);
    EXPECT_EQ(generate.request.sampling.max_tokens, kWindow / 8);
    EXPECT_EQ(RoundsOf(generate.request.messages), static_cast<size_t>(said));
    // Its calls, if there are any, are not run.
    GeneratedMessage summary = Calls({99});
    summary.message.content = "  Nothing yet.\n";
    turn.Answered(summary);
  }
  const auto change = Take<AgentTurn::ContextChange>(turn);
  EXPECT_EQ(change.summary, "Nothing yet.");
  EXPECT_EQ(change.dropped_rounds, said);
  EXPECT_EQ(turn.messages().size(), 2U);
  EXPECT_TRUE(turn.messages()[1].content->ends_with("\n\nNothing yet."));
  Take<AgentTurn::Generate>(turn);
}

TEST(AgentTurn, AModelThatSumsNothingUpHasItsHistoryDiscarded) {
  AgentTurn turn(Nano(), Options(ContextStrategy::kSummary, kWindow), Question());
  Searcher searcher;
  searcher.summary = " \n";
  const Searcher::Seen seen = searcher.Run(turn);
  ASSERT_TRUE(seen.status.ok()) << seen.status.message();
  EXPECT_EQ(seen.end, TurnEnd::kAnswered);
  ASSERT_FALSE(seen.changes.empty());
  EXPECT_EQ(seen.changes[0].strategy, ContextStrategy::kDiscard75);
  EXPECT_FALSE(seen.changes[0].summary);
}

TEST(AgentTurn, StoppedWhileItSumsUpLeavesTheConversation) {
  AgentTurn turn(Nano(), Options(ContextStrategy::kSummary, kWindow), Question());
  std::vector<Message> before;
  int said = 0;
  while (true) {
    auto step = turn.Next();
    ASSERT_TRUE(step.ok());
    if (const auto* calls = std::get_if<AgentTurn::RunCalls>(&*step)) {
      turn.Ran(0, Result(calls->calls[0], Searcher::PageText(said)));
    } else if (std::get<AgentTurn::Generate>(*step).summary) {
      before = turn.messages();
      turn.Answered(Says("Half a summ", chat::FinishReason::kCancelled));
      break;
    } else {
      turn.Answered(Calls({++said}));
    }
  }
  EXPECT_EQ(Take<AgentTurn::Done>(turn).end, TurnEnd::kStopped);
  EXPECT_EQ(turn.messages(), before);
}

// The newest result can be what is too much: a summary covers what was there before it.
TEST(AgentTurn, AResultThatPassesTheWindowIsNotLostWithASummary) {
  const auto text = [](int words) {
    std::string made;
    for (int i = 0; i < words; ++i) made += fmt::format("ship {} ", i);
    return made;
  };
  std::vector<Message> messages = Question();
  for (const int words : {260, 220}) {
    const GeneratedMessage call = Calls({words});
    messages.push_back(call.message);
    messages.push_back({.role = Role::kTool,
                        .content = text(words),
                        .tool_call_id = call.message.tool_calls[0].id});
  }
  for (const ContextStrategy strategy : kShortening) {
    AgentTurn turn(Nano(), Options(strategy, kWindow), messages);
    Searcher searcher;
    searcher.rounds = 0;
    const Searcher::Seen seen = searcher.Run(turn);
    ASSERT_TRUE(seen.status.ok()) << Name(strategy) << ": " << seen.status.message();
    ASSERT_EQ(seen.changes.size(), 1U);
    EXPECT_GT(seen.changes[0].before_tokens, kWindow);
    EXPECT_EQ(RoundsOf(turn.messages()), strategy == ContextStrategy::kDiscardAll ? 0U : 1U);
  }
}

// Nor is a long question turned away because of what was talked about before.
TEST(AgentTurn, AQuestionThatPassesTheWindowIsAskedBehindASummary) {
  std::string much;
  for (int i = 0; i < 250; ++i) much += fmt::format("ship {} ", i);
  const std::vector<Message> messages = {System("You search an archive."), User(much),
                                         Says("I see.").message, User("And now? " + much)};
  AgentTurn turn(Nano(), Options(ContextStrategy::kSummary, kWindow), messages);
  Searcher searcher;
  searcher.rounds = 1;
  const Searcher::Seen seen = searcher.Run(turn);
  ASSERT_TRUE(seen.status.ok()) << seen.status.message();
  ASSERT_EQ(seen.changes.size(), 1U);
  EXPECT_GT(seen.changes[0].before_tokens, kWindow);
  ASSERT_EQ(turn.messages().size(), 5U);  // system, question, a round, the answer
  EXPECT_TRUE(turn.messages()[1].content->starts_with("And now? "));
  EXPECT_TRUE(turn.messages()[1].content->ends_with(searcher.summary));
}

TEST(AgentTurn, WhatCantBeMadeToFitIsAnErrorWithTheCounts) {
  std::string much;
  for (int i = 0; i < 1500; ++i) much += fmt::format("ship {} ", i);
  for (const auto& [strategy, name] : kContextStrategies) {
    AgentTurn turn(Nano(), Options(strategy, kWindow), {System("Short."), User(much)});
    auto step = turn.Next();
    ASSERT_FALSE(step.ok()) << name;
    EXPECT_NE(step.status().message().find(fmt::format("\"{}\"", name)), std::string::npos)
        << step.status().message();
  }
  // A question that alone is above the threshold still has its answer.
  much.resize(much.size() / 8);
  for (const auto& [strategy, name] : kContextStrategies) {
    TurnOptions options = Options(strategy, kWindow);
    options.context.share = 0.3;
    AgentTurn turn(Nano(), options, {User(much)});
    Searcher searcher;
    searcher.rounds = 2;
    const Searcher::Seen seen = searcher.Run(turn);
    EXPECT_TRUE(seen.status.ok()) << name << ": " << seen.status.message();
    EXPECT_EQ(seen.end, TurnEnd::kAnswered) << name;
  }
}

TEST(AgentTurn, EarlierTurnsGoFirst) {
  std::vector<Message> messages = {System("You search an archive.")};
  for (int turn = 0; turn < 3; ++turn) {
    messages.push_back(User(fmt::format("Question {}", turn)));
    for (int round = 0; round < 6; ++round) {
      const GeneratedMessage call = Calls({round});
      messages.push_back(call.message);
      messages.push_back({.role = Role::kTool,
                          .content = Searcher::PageText(round),
                          .tool_call_id = call.message.tool_calls[0].id});
    }
    messages.push_back(Says(fmt::format("Answer {}", turn)).message);
  }
  messages.push_back(User("Question 3"));
  const auto run = [&](ContextStrategy strategy) {
    TurnOptions options = Options(strategy, 2 * kWindow);
    options.context.share = 0.25;
    AgentTurn turn(Nano(), options, messages);
    Searcher searcher;
    searcher.rounds = 0;
    const Searcher::Seen seen = searcher.Run(turn);
    EXPECT_EQ(seen.end, TurnEnd::kAnswered) << Name(strategy);
    EXPECT_EQ(seen.changes.size(), 1U) << Name(strategy);
    return turn.messages();
  };
  // Questions and answers stay; of 18 rounds, the first 13 go.
  const std::vector<Message> some = run(ContextStrategy::kDiscard75);
  EXPECT_EQ(RoundsOf(some), 5U);
  EXPECT_EQ(some.size(), 1 + 3 * 2 + 5 * 2 + 2U);
  const std::vector<Message> none = run(ContextStrategy::kDiscardAll);
  EXPECT_EQ(RoundsOf(none), 0U);
  EXPECT_EQ(none.size(), 1 + 3 * 2 + 2U);
  // System, the last question with the summary, its answer.
  const std::vector<Message> summed = run(ContextStrategy::kSummary);
  ASSERT_EQ(summed.size(), 3U);
  EXPECT_TRUE(summed[1].content->starts_with("Question 3\n\n["));
}

// Whatever the model does, however long results are: no prompt passes the window, the conversation
// is whole at every step, and the turn ends.
TEST(AgentTurn, RandomTurns) {
  std::mt19937 random(11);
  for (int trial = 0; trial < 60; ++trial) {
    TurnOptions options = Options(kContextStrategies[random() % 4].strategy,
                                  static_cast<int64_t>(900 + random() % 1500));
    options.max_rounds = static_cast<int>(1 + random() % 20);
    options.ask.thinking =
        random() % 2 == 0 ? chat::ThinkingMode::kThinking : chat::ThinkingMode::kChat;
    AgentTurn turn(Nano(), options, Question());
    for (int steps = 0;; ++steps) {
      ASSERT_LT(steps, 500);
      ASSERT_TRUE(IsWhole(turn.messages()));
      if (random() % 40 == 0) turn.Stop();
      auto step = turn.Next();
      if (!step.ok()) {
        EXPECT_TRUE(step.status().message().starts_with("messages: the next prompt has "))
            << step.status().message();
        break;
      }
      if (std::holds_alternative<AgentTurn::Done>(*step)) break;
      if (auto* generate = std::get_if<AgentTurn::Generate>(&*step)) {
        ASSERT_LT(static_cast<int64_t>(generate->prompt.tokens.size()), options.context.window);
        if (random() % 10 == 0) {
          turn.Answered(Says(random() % 2 == 0 ? "Done." : ""));
        } else {
          turn.Answered(Calls(std::vector<int>(1 + random() % 3, 7)));
        }
      } else if (auto* calls = std::get_if<AgentTurn::RunCalls>(&*step)) {
        std::vector<size_t> order(calls->calls.size());
        for (size_t i = 0; i < order.size(); ++i) order[i] = i;
        std::ranges::shuffle(order, random);
        for (const size_t call : order) {
          turn.Ran(call, Result(calls->calls[call], std::string(random() % 900, 'x')));
        }
      }
    }
  }
}

}  // namespace
}  // namespace fathom
