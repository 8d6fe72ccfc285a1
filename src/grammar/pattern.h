// Patterns as automata: the texts in which a pattern is found somewhere, as "pattern" means it.
#pragma once

#include <string_view>

#include "base/status.h"
#include "grammar/budget.h"
#include "grammar/code_dfa.h"

namespace fathom::grammar {

// ParsePattern's errors, and kResourceExhausted beyond the budget.
Result<CodeDfa> PatternDfa(std::string_view pattern, Budget& budget);

}  // namespace fathom::grammar
