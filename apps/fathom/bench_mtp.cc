#include "bench_mtp.h"

#include <fmt/core.h>

#include <utility>

#include "bench/mtp_acceptance.h"
#include "bench_session.h"
#include "json/write.h"
#include "status_line.h"
#include "terminal/terminal_text.h"

namespace fathom {
namespace {

constexpr const char* kBegin = "<｜begin▁of▁sentence｜>";

Result<int32_t> BeginToken(const BenchVocabulary& vocabulary) {
  if (!vocabulary.tokenizer) return NotFound("--mtp: the model has no tokenizer.json");
  if (const auto id = vocabulary.tokenizer->TokenId(kBegin)) return *id;
  return NotFound("--mtp: the tokenizer has no token {}", kBegin);
}

// Texts that the model writes by itself, each as long as a window.
Result<std::vector<int32_t>> WriteText(Engine& engine, int32_t begin,
                                       const std::function<Status()>& stop) {
  constexpr uint64_t kTexts = 4;
  std::vector<int32_t> text;
  for (uint64_t seed = 1; seed <= kTexts; ++seed) {
    GenerateRequest request;
    request.prompt = {begin};
    request.sampling.seed = seed;
    request.sampling.ignore_eos = true;
    request.sampling.max_tokens = kMtpWindow;
    FATHOM_RETURN_IF_ERROR(engine.Submit(std::move(request)).status());
    std::vector<TokenEvent> events;
    for (bool more = true; more;) {
      FATHOM_RETURN_IF_ERROR(stop());
      events.clear();
      more = engine.Step(&events);
      for (const TokenEvent& event : events) {
        FATHOM_RETURN_IF_ERROR(event.status);
        if (event.token) text.push_back(event.token->token);
      }
    }
  }
  return text;
}

}  // namespace

Result<int> RunMtpBench(ModelOptions options, const std::optional<std::string>& text, bool as_json,
                        const std::function<Status()>& stop) {
  StatusLine status;
  status.Show("reading the model");
  FitMtpOptions(&options);
  FATHOM_ASSIGN_OR_RETURN(const BenchVocabulary vocabulary, OpenBenchVocabulary(options.folder));
  FATHOM_ASSIGN_OR_RETURN(const int32_t begin, BeginToken(vocabulary));
  std::vector<int32_t> tokens;
  if (text) {
    FATHOM_ASSIGN_OR_RETURN(tokens, TokensOfFile(vocabulary, *text));
  }
  FATHOM_ASSIGN_OR_RETURN(BenchSession session,
                          OpenBenchSession(options, vocabulary.has_token, false, stop));
  FATHOM_ASSIGN_OR_RETURN(BenchSetting setting, DescribeSetting(session, options));
  if (text) {
    setting.prompts = *text;
  } else {
    status.Show("the model writes a text");
    setting.prompts = "the model's own text at temperature 1";
    FATHOM_ASSIGN_OR_RETURN(tokens, WriteText(*session.engine, begin, stop));
  }
  session.engine.reset();  // and the pages it keeps
  status.Show("counting");
  FATHOM_ASSIGN_OR_RETURN(const MtpAcceptance found,
                          MeasureMtpAcceptance(*session.model, tokens, begin, stop));
  status.Clear();
  if (as_json) {
    fmt::print("{}\n", json::Dump(MtpJson(setting, found), json::Style::kPython));
  } else {
    fmt::print("{}\n{}", SafeForTerminal(SettingText(setting)), MtpText(found));
  }
  constexpr int kInterrupted = 130;
  return found.interrupted ? kInterrupted : 0;
}

}  // namespace fathom
