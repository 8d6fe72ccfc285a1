// Grammars over the bundled model's tokenizer.
#pragma once

#include "agent/grammar_cache.h"
#include "chat/dsml.h"
#include "support/nano_tokenizer.h"

namespace fathom::test {

// For all tests of a program; with time for sanitizers.
inline GrammarCache& NanoGrammars() {
  static GrammarCache grammars(Nano(), Nano().vocabulary().id_limit(),
                               {*Nano().TokenId(chat::kEos)}, {.seconds = 10});
  return grammars;
}

}  // namespace fathom::test
