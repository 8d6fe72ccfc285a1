// Logits of a model that has learnt nothing and says anything, for what must hold all the same.
//
// Every row is random over the whole vocabulary, a function of the seed and of all tokens before
// it. Some tokens are likelier than others, so that answers end and so that what must not come is
// tried: the ends of text in the markup, the token of calls and the end of the answer; on some rows
// every special token.
#pragma once

#include <cstdint>

#include "support/scripted_model.h"
#include "tokenizer/tokenizer.h"

namespace fathom::test {

// Ids without a token get -infinity. The tokenizer has the tokens of the chat format.
RowScript RandomLogits(const Tokenizer& tokenizer, uint64_t seed);

}  // namespace fathom::test
