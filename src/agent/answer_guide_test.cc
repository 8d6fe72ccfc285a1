#include "agent/answer_guide.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "base/check.h"
#include "chat/dsml.h"
#include "support/nano_tokenizer.h"
#include "support/scripted_engine.h"

namespace fathom {
namespace {

using test::Nano;

int32_t Id(std::string_view token) { return Nano().TokenId(token).value(); }

std::shared_ptr<const AnswerTokens> Tokens() {
  static const auto tokens =
      AnswerTokens::Make(Nano(), Nano().vocabulary().id_limit(), {Id(chat::kEos)});
  return tokens;
}

bool Has(std::span<const uint64_t> mask, int32_t token) {
  return mask.empty() || (mask[size_t(token) / 64] >> (token % 64) & 1) != 0;
}

// A form of the answer: these tokens and no others.
class Exactly final : public FormGuide {
 public:
  explicit Exactly(std::vector<int32_t> tokens) : tokens_(std::move(tokens)) {}
  std::optional<int32_t> Forced() const override { return std::nullopt; }
  std::span<const uint64_t> Allowed() override {
    mask_.assign(static_cast<size_t>(Nano().vocabulary().id_limit() + 63) / 64, 0);
    const auto token = static_cast<size_t>(tokens_[at_]);
    mask_[token / 64] = uint64_t{1} << (token % 64);
    return mask_;
  }
  void Accept(int32_t token) override {
    FATHOM_CHECK(token == tokens_[at_], "{}", token);
    ++at_;
  }
  bool Complete() const override { return at_ + 1 >= tokens_.size(); }  // all but the end's token

 private:
  std::vector<int32_t> tokens_;
  std::vector<uint64_t> mask_;
  size_t at_ = 0;
};

std::unique_ptr<FormGuide> Form(std::string_view text) {
  std::vector<int32_t> tokens = Nano().Encode(text, AllowSpecial::kYes);
  tokens.push_back(Id(chat::kEos));
  return std::make_unique<Exactly>(std::move(tokens));
}

std::string Text(std::span<const int32_t> tokens) {
  std::string text;
  for (const int32_t token : tokens) text += Nano().vocabulary().Bytes(token);
  return text;
}

const std::string kClosing = std::string(kClosingSentence) + "</think>";

// What a model says under a guide: `draw` gives the likeliest tokens in order, the first one that
// is allowed is taken.
using Draw = std::function<std::vector<int32_t>(std::span<const int32_t> said)>;
std::vector<int32_t> Say(AnswerGuide& guide, const Draw& draw, size_t most = 3000) {
  std::vector<int32_t> said;
  while (said.size() < most && (said.empty() || said.back() != Id(chat::kEos))) {
    std::optional<int32_t> next = guide.Forced();
    const std::vector<int32_t> wanted = next ? std::vector<int32_t>{} : draw(said);
    for (const int32_t token : wanted) {
      if (!next && Has(guide.Allowed(), token)) next = token;
    }
    FATHOM_CHECK(next.has_value(), "nothing is left after {}", said.size());
    guide.Accept(*next);
    said.push_back(*next);
  }
  return said;
}

// Wants to go on thinking for ever; behind </think> it answers "Yes." and ends.
std::vector<int32_t> Thinker(std::span<const int32_t> said) {
  const auto close = std::ranges::find(said, Id(chat::kThinkClose));
  if (close == said.end()) return {static_cast<int32_t>(300 + said.size() * said.size() % 7001)};
  const std::vector<int32_t> answer = Nano().Encode("Yes.");
  const auto at = static_cast<size_t>(said.end() - close) - 1;
  if (at < answer.size()) return {answer[at], Id(chat::kEos)};
  return {Id(chat::kEos)};
}

TEST(AnswerGuide, ABudgetIsExactToTheToken) {
  for (const int64_t budget : {1, 2, 17, 500}) {
    AnswerGuide guide(Tokens(), true, {.budget = budget}, nullptr);
    const std::vector<int32_t> said = Say(guide, Thinker);
    const auto reasoned = static_cast<size_t>(budget);
    EXPECT_EQ(Text(std::span(said).subspan(reasoned)), kClosing + "Yes." + std::string(chat::kEos));
    for (size_t i = 0; i < reasoned; ++i) {
      EXPECT_EQ(said[i], Thinker(std::span(said).first(i))[0]) << i;
    }
    EXPECT_EQ(guide.thinking_end(), ThinkingEnd::kBudget);
  }
}

TEST(AnswerGuide, ABudgetOfNothingClosesAtOnce) {
  AnswerGuide guide(Tokens(), true, {.budget = 0}, nullptr);
  EXPECT_EQ(Text(Say(guide, Thinker)), "</think>Yes." + std::string(chat::kEos));
  EXPECT_EQ(guide.thinking_end(), ThinkingEnd::kBudget);
}

TEST(AnswerGuide, ReasoningThatEndsInTimeIsLeftAlone) {
  const std::vector<int32_t> whole =
      Nano().Encode("One and one.</think>Two.<｜end▁of▁sentence｜>", AllowSpecial::kYes);
  const auto script = [&](std::span<const int32_t> said) -> std::vector<int32_t> {
    return {whole[said.size()]};
  };
  for (const std::optional<int64_t> budget : {std::optional<int64_t>(), {100}}) {
    AnswerGuide guide(Tokens(), true, {.budget = budget}, nullptr);
    EXPECT_EQ(Say(guide, script), whole);
    EXPECT_EQ(guide.thinking_end(), ThinkingEnd::kItself);
  }
}

TEST(AnswerGuide, ALoopIsClosedAtTheTokenThatCompletesIt) {
  const std::vector<int32_t> piece = Nano().Encode("Wait, let me check that again. ");
  const auto looping = [&](std::span<const int32_t> said) -> std::vector<int32_t> {
    if (std::ranges::find(said, Id(chat::kThinkClose)) != said.end()) return Thinker(said);
    return {piece[said.size() % piece.size()]};
  };
  AnswerGuide guide(Tokens(), true, {}, nullptr);
  const std::vector<int32_t> said = Say(guide, looping);
  const size_t reasoned = piece.size() + LoopGuard::kLeastRepeated;
  EXPECT_EQ(Text(std::span(said).subspan(reasoned)), kClosing + "Yes." + std::string(chat::kEos));
  EXPECT_EQ(guide.thinking_end(), ThinkingEnd::kLoop);
  // Without the guard it goes on.
  AnswerGuide off(Tokens(), true, {.budget = std::nullopt, .loop_guard = false}, nullptr);
  EXPECT_EQ(Say(off, looping, 2000).size(), 2000U);
  EXPECT_EQ(off.thinking_end(), ThinkingEnd::kItself);
}

// The guard watches reasoning alone: an answer may repeat what it is asked to.
TEST(AnswerGuide, AnswersMayLoop) {
  AnswerGuide guide(Tokens(), true, {}, nullptr);
  const auto script = [&](std::span<const int32_t> said) -> std::vector<int32_t> {
    if (said.empty()) return {Id(chat::kThinkClose)};
    return {said.size() < 1500 ? 400 : Id(chat::kEos)};
  };
  EXPECT_EQ(Say(guide, script).size(), 1501U);
  EXPECT_EQ(guide.thinking_end(), ThinkingEnd::kItself);
}

// A model that would rather end, or call, than close its reasoning.
TEST(AnswerGuide, AnAnswerAlwaysFollowsWhereThereIsABudgetOrAForm) {
  const auto quitter = [](std::span<const int32_t> said) -> std::vector<int32_t> {
    return {Id(chat::kEos), Id(chat::kDsml), Id(chat::kThinkOpen),
            static_cast<int32_t>(300 + said.size())};
  };
  AnswerGuide budget(Tokens(), true, {.budget = 5}, nullptr);
  const std::vector<int32_t> said = Say(budget, quitter, 200);
  // <think> in reasoning counts as any other token. Behind the closing it may call or say
  // something, and then end.
  EXPECT_EQ(Text(said), "<think><think><think><think><think>" + kClosing +
                            std::string(chat::kDsml) + std::string(chat::kEos));

  AnswerGuide form(Tokens(), true, {}, Form("{}"));
  EXPECT_FALSE(Has(form.Allowed(), Id(chat::kEos)));
  EXPECT_FALSE(Has(form.Allowed(), Id(chat::kDsml)));
  EXPECT_TRUE(Has(form.Allowed(), Id(chat::kThinkClose)));
  EXPECT_TRUE(Has(form.Allowed(), 300));

  AnswerGuide neither(Tokens(), true, {}, nullptr);
  EXPECT_TRUE(neither.Allowed().empty());
}

TEST(AnswerGuide, AFormHoldsBehindTheReasoning) {
  const std::string end(chat::kEos);
  const auto stubborn = [](std::span<const int32_t> said) {
    std::vector<int32_t> wanted = Thinker(said);
    for (int32_t token = 0; token < Nano().vocabulary().id_limit(); ++token) {
      wanted.push_back(token);
    }
    return wanted;
  };
  AnswerGuide thinking(Tokens(), true, {.budget = 3}, Form("{\"a\": 1}"));
  const std::vector<int32_t> said = Say(thinking, stubborn);
  EXPECT_EQ(Text(std::span(said).subspan(3)), kClosing + "{\"a\": 1}" + end);
  AnswerGuide chat(Tokens(), false, {.budget = 3}, Form("{\"a\": 1}"));
  EXPECT_FALSE(chat.form_complete());
  EXPECT_EQ(Text(Say(chat, stubborn)), "{\"a\": 1}" + end);
  EXPECT_TRUE(chat.form_complete());
  EXPECT_EQ(chat.thinking_end(), ThinkingEnd::kItself);
}

// Reasoning that is begun again counts on.
TEST(AnswerGuide, ASecondThinkIsReasoningToo) {
  const auto again = [](std::span<const int32_t> said) -> std::vector<int32_t> {
    if (said.size() == 2 || said.size() == 8) return {Id(chat::kThinkClose)};
    if (said.size() == 4) return {Id(chat::kThinkOpen)};
    return {static_cast<int32_t>(300 + said.size()), Id(chat::kEos)};
  };
  AnswerGuide guide(Tokens(), true, {.budget = 5}, nullptr);
  const std::vector<int32_t> said = Say(guide, again, 60);
  // 2 tokens, </think>, 1 of the answer, <think>, 3 more.
  EXPECT_TRUE(Text(std::span(said).subspan(8)).starts_with(kClosing));
  EXPECT_EQ(guide.thinking_end(), ThinkingEnd::kBudget);
  EXPECT_FALSE(Has(guide.Allowed(), Id(chat::kThinkOpen)));
  // Inside a call it is part of the call's text.
  AnswerGuide call(Tokens(), false, {.budget = 0}, nullptr);
  call.Accept(Id(chat::kDsml));
  call.Accept(Id(chat::kThinkOpen));
  EXPECT_FALSE(call.Forced());
}

// Thirty-two answers at once: each as it is alone, to the token.
TEST(AnswerGuide, InABatchWithPreemptionEveryAnswerIsTheSame) {
  test::ScriptedEngineOptions options;
  options.vocab_size = Nano().vocabulary().id_limit();
  options.context = 1024;
  options.engine.eos_ids = {Id(chat::kEos)};
  // Even prompts think for ever, odd ones go in circles.
  const test::Script script = [](std::span<const int32_t> prefix) {
    const auto close = std::ranges::find(prefix, Id(chat::kThinkClose));
    if (close != prefix.end()) return prefix.end() - close < 5 ? 500 : Id(chat::kEos);
    const auto size = static_cast<int32_t>(prefix.size());
    const int32_t first = prefix[0];
    return first % 2 == 0 ? 300 + (size * size + first) % 7001 : 300 + size % (first % 50 + 1);
  };
  const auto request = [](int32_t i) {
    GenerateRequest request = test::GreedyRequest({}, 900);
    request.prompt.assign(static_cast<size_t>(3 + i * 5), 1000 + i);
    request.sampling.ignore_eos = false;
    request.guide =
        std::make_shared<AnswerGuide>(Tokens(), true, ThinkingLimits{.budget = 500 + i}, nullptr);
    return request;
  };
  const auto run = [&](int64_t max_running, int32_t pages, int64_t* preemptions) {
    options.pages = pages;
    options.engine.max_running = max_running;
    const auto model = test::MakeScriptedModel(options, script);
    const auto engine = test::MakeScriptedEngine(*model, options.engine);
    std::map<RequestId, std::vector<int32_t>> answers;
    std::vector<std::shared_ptr<TokenGuide>> guides;
    for (int32_t i = 0; i < 32; ++i) {
      GenerateRequest one = request(i);
      guides.push_back(one.guide);
      answers[engine->Submit(std::move(one)).value()];
    }
    std::vector<TokenEvent> events;
    while (engine->Step(&events)) {
    }
    for (const TokenEvent& event : events) {
      if (event.token) answers[event.request].push_back(event.token->token);
    }
    *preemptions = engine->Stats().preemptions;
    std::vector<std::pair<std::vector<int32_t>, ThinkingEnd>> said;
    for (auto& [id, tokens] : answers) {
      const auto& guide = static_cast<const AnswerGuide&>(*guides[said.size()]);
      said.emplace_back(std::move(tokens), guide.thinking_end());
    }
    return said;
  };
  int64_t preemptions = 0;
  const auto alone = run(1, 64, &preemptions);
  EXPECT_EQ(preemptions, 0);
  for (int32_t i = 0; i < 32; ++i) {
    const bool loops = i % 2 == 1;
    EXPECT_EQ(alone[size_t(i)].second, loops ? ThinkingEnd::kLoop : ThinkingEnd::kBudget) << i;
    const int32_t period = (1000 + i) % 50 + 1;
    const auto reasoned = static_cast<size_t>(
        loops ? period + std::max(LoopGuard::kLeastRepeated, LoopGuard::kLeastRounds * period)
              : 500 + i);
    const std::vector<int32_t>& said = alone[size_t(i)].first;
    EXPECT_TRUE(Text(std::span(said).subspan(reasoned)).starts_with(kClosing)) << i;
    EXPECT_EQ(said.size(), reasoned + Tokens()->closing.size() + 4 + 1) << i;
  }
  EXPECT_EQ(run(32, 600, &preemptions), alone);
  EXPECT_EQ(preemptions, 0);
  EXPECT_EQ(run(32, 40, &preemptions), alone);
  EXPECT_GT(preemptions, 0);
}

}  // namespace
}  // namespace fathom
