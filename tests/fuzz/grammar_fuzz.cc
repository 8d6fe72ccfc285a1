// Any bytes as a grammar and as the choice of an answer's tokens: the masks are those of the slow
// recogniser, in every form of the automaton; a grammar that is refused matches nothing or begins
// with itself.
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/check.h"
#include "support/grammar_walk.h"

namespace {

using fathom::grammar::AutomatonOptions;

const fathom::test::SmallVocabulary& Small() {
  static const fathom::test::SmallVocabulary small = fathom::test::MakeSmallVocabulary();
  return small;
}

constexpr AutomatonOptions kForms[] = {
    {},
    {.unrolled_states = 1, .hoisted_size = 1, .inlined_size = 0},
    {.unrolled_states = 1, .growth = 0, .growth_floor = 0},
};

}  // namespace

// The first byte chooses the form; the grammar takes what it needs, the walk the rest.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  fathom::test::ByteSource source(std::span(data + 1, size - 1));
  const auto grammar = fathom::test::RandomGrammar(&source, Small().special).Make();
  const AutomatonOptions& form = kForms[data[0] % std::size(kForms)];
  auto automaton = fathom::grammar::MakeAutomaton(grammar, {.seconds = 60}, form);
  if (!automaton.ok()) {
    const std::string message = automaton.status().message();
    FATHOM_CHECK(message.find("begins with itself") != std::string::npos ||
                     !fathom::test::SlowCanContinue(grammar, ""),
                 "refused: {}", message);
    return 0;
  }
  const auto compiled = std::make_shared<const fathom::grammar::CompiledGrammar>(
      std::move(automaton).value(), Small().table);
  const std::string wrong = fathom::test::CompareWalk(
      grammar, Small(), compiled, 5,
      [&](size_t limit) { return static_cast<size_t>(source.Below(static_cast<int>(limit))); });
  FATHOM_CHECK(wrong.empty(), "{}", wrong);
  return 0;
}
