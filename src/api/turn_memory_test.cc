#include "api/turn_memory.h"

#include <gtest/gtest.h>

namespace fathom::api {
namespace {

constexpr uint64_t kAlice = 1, kBob = 2;

chat::Message Calling(const std::string& id,
                      const std::string& arguments = R"({"a": 1, "b": "x"})") {
  chat::Message message = {
      .role = chat::Role::kAssistant, .content = "I look.", .reasoning = "I think. "};
  message.tool_calls.push_back({id, "look", arguments});
  return message;
}

std::shared_ptr<const RememberedTurn> Turn(const std::string& id) {
  auto turn = std::make_shared<RememberedTurn>();
  turn->message = Calling(id);
  turn->said = {.tokens = {5, 6, 7}, .thinking = true};
  return turn;
}

// What becomes of a message that a client sends.
chat::Message Restored(TurnMemory& memory, chat::Message sent, bool* said = nullptr,
                       uint64_t scope = kAlice) {
  std::vector<chat::Message> messages = {{.role = chat::Role::kUser, .content = "Hi"},
                                         std::move(sent)};
  const auto tokens = RestoreTurns(memory, scope, 0, &messages);
  if (said != nullptr) *said = tokens.contains(0);
  return messages[1];
}

TEST(TurnMemory, ReasoningNeedNotBeSentBack) {
  TurnMemory memory({});
  memory.KeepTurn(kAlice, Turn("c1"), 0);
  chat::Message sent = Calling("c1");
  sent.reasoning.clear();
  sent.content = "";
  bool said = false;
  EXPECT_EQ(Restored(memory, sent, &said), Calling("c1"));
  EXPECT_TRUE(said);
}

TEST(TurnMemory, AnotherFormOfTheSameIsTheSame) {
  TurnMemory memory({});
  memory.KeepTurn(kAlice, Turn("c1"), 0);
  for (const char* arguments : {R"({"b":"x","a":1})", R"({"a": 1.0, "b": "\u0078"})"}) {
    EXPECT_EQ(Restored(memory, Calling("c1", arguments)), Calling("c1")) << arguments;
  }
  chat::Message sent = Calling("c1");
  sent.reasoning = "I think.";
  EXPECT_EQ(Restored(memory, sent), Calling("c1"));
}

TEST(TurnMemory, WhatTheClientChangedStaysChanged) {
  TurnMemory memory({});
  memory.KeepTurn(kAlice, Turn("c1"), 0);
  bool said = true;
  for (const char* arguments : {R"({"a": 2, "b": "x"})", R"({"a": 1})", "not JSON",
                                R"({"a": 1, "b": "x", "c": 3})", R"({"a": "1", "b": "x"})"}) {
    const chat::Message sent = Calling("c1", arguments);
    EXPECT_EQ(Restored(memory, sent, &said), sent) << arguments;
    EXPECT_FALSE(said);
  }
  chat::Message sent = Calling("c1");
  sent.reasoning = "I think otherwise.";
  EXPECT_EQ(Restored(memory, sent, &said), sent);
  sent = Calling("c1");
  sent.tool_calls[0].name = "listen";
  EXPECT_EQ(Restored(memory, sent, &said), sent);
  sent = Calling("c1");
  sent.tool_calls.push_back({"c2", "look", "{}"});
  EXPECT_EQ(Restored(memory, sent, &said), sent);
}

TEST(TurnMemory, AnotherHoldersIdIsUnknown) {
  TurnMemory memory({});
  memory.KeepTurn(kAlice, Turn("c1"), 0);
  memory.KeepConversation(kAlice, "r1", std::make_shared<RememberedConversation>(), 0);
  EXPECT_EQ(memory.FindTurn(kBob, "c1", 0), nullptr);
  EXPECT_EQ(memory.FindConversation(kBob, "r1", 0), nullptr);
  EXPECT_FALSE(memory.ForgetConversation(kBob, "r1"));
  EXPECT_NE(memory.FindTurn(kAlice, "c1", 0), nullptr);
  EXPECT_NE(memory.FindConversation(kAlice, "r1", 0), nullptr);
  chat::Message sent = Calling("c1");
  sent.reasoning.clear();
  EXPECT_EQ(Restored(memory, sent, nullptr, kBob), sent);
}

TEST(TurnMemory, CallsAndResponsesDoNotMeet) {
  TurnMemory memory({});
  memory.KeepTurn(kAlice, Turn("x"), 0);
  EXPECT_EQ(memory.FindConversation(kAlice, "x", 0), nullptr);
}

TEST(TurnMemory, EntriesExpire) {
  TurnMemory memory({.bytes = 1 << 20, .seconds = 10});
  memory.KeepTurn(kAlice, Turn("c1"), 0);
  EXPECT_NE(memory.FindTurn(kAlice, "c1", 9), nullptr);
  EXPECT_NE(memory.FindTurn(kAlice, "c1", 18), nullptr);  // used at 9
  EXPECT_EQ(memory.FindTurn(kAlice, "c1", 29), nullptr);
  EXPECT_EQ(memory.counts().entries, 0U);
  EXPECT_EQ(memory.counts().bytes, 0U);
}

TEST(TurnMemory, TheLeastRecentlyUsedGoesFirstAndTheBudgetHolds) {
  const size_t one = [] {
    TurnMemory memory({});
    memory.KeepTurn(kAlice, Turn("c0"), 0);
    return memory.counts().bytes;
  }();
  TurnMemory memory({.bytes = 10 * one});
  for (int i = 0; i < 10; ++i) memory.KeepTurn(kAlice, Turn(fmt::format("c{}", i)), i);
  EXPECT_EQ(memory.counts().entries, 10U);
  EXPECT_NE(memory.FindTurn(kAlice, "c0", 10), nullptr);
  memory.KeepTurn(kAlice, Turn("cx"), 11);
  EXPECT_EQ(memory.FindTurn(kAlice, "c1", 12), nullptr);
  EXPECT_NE(memory.FindTurn(kAlice, "c0", 12), nullptr);
  EXPECT_LE(memory.counts().bytes, 10 * one);
  // Too large for the whole budget: nothing else goes for it.
  auto large = std::make_shared<RememberedTurn>(*Turn("big"));
  large->said.tokens.resize(100'000);
  memory.KeepTurn(kAlice, large, 13);
  EXPECT_EQ(memory.FindTurn(kAlice, "big", 13), nullptr);
  EXPECT_EQ(memory.counts().entries, 10U);
}

TEST(TurnMemory, AnEntryWithSeveralCallsIsOne) {
  TurnMemory memory({});
  auto turn = std::make_shared<RememberedTurn>(*Turn("c1"));
  turn->message.tool_calls.push_back({"c2", "look", "{}"});
  memory.KeepTurn(kAlice, turn, 0);
  EXPECT_EQ(memory.FindTurn(kAlice, "c1", 0), memory.FindTurn(kAlice, "c2", 0));
  EXPECT_EQ(memory.counts().entries, 1U);
  memory.KeepTurn(kAlice, Turn("c2"), 1);  // takes the id over
  EXPECT_EQ(memory.FindTurn(kAlice, "c1", 1), nullptr);
  EXPECT_NE(memory.FindTurn(kAlice, "c2", 1), nullptr);
}

}  // namespace
}  // namespace fathom::api
