// The bundled model's tokenizer, whose tokens are those of the chat format.
#pragma once

#include <utility>

#include "base/check.h"
#include "tokenizer/tokenizer.h"

namespace fathom::test {

// Read once, for all tests of a program.
inline const Tokenizer& Nano() {
  static const Tokenizer tokenizer = [] {
    auto loaded = Tokenizer::Load(FATHOM_SOURCE_DIR "/models/fathom-nano/tokenizer.json");
    FATHOM_CHECK(loaded.ok(), "{}", loaded.status().message());
    return std::move(loaded).value();
  }();
  return tokenizer;
}

}  // namespace fathom::test
