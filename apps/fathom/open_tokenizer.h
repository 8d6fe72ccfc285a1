// The flags that choose a tokenizer, shared by tokenize and detokenize.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "command.h"
#include "tokenizer/tokenizer.h"

namespace fathom {

struct TokenizerChoice {
  std::string model;
  std::string tokenizer;
};

// --model and --tokenizer, bound to `choice`, which outlives them.
std::vector<Flag> TokenizerFlags(TokenizerChoice* choice);

// The tokenizer.json named by one of them, else that of the bundled model.
Result<Tokenizer> OpenTokenizer(const TokenizerChoice& choice);

}  // namespace fathom
