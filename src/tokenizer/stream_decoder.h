// Ids in, text out, as it becomes complete.
//
// A character's bytes may be spread over tokens; they are held back until it is complete. Joined,
// the pieces are exactly what Tokenizer::Decode makes of all ids together.
#pragma once

#include <cstdint>
#include <string>

#include "tokenizer/vocabulary.h"

namespace fathom {

class StreamDecoder {
 public:
  explicit StreamDecoder(const Vocabulary& vocabulary) : vocabulary_(&vocabulary) {}

  // The text that `id` completes; often that of one token, empty inside a character. An id
  // without a token adds nothing. Before an added token call Flush first, if the text before it
  // and the token itself must stay apart.
  std::string Push(int32_t id);

  // The end of the text: bytes still held back become U+FFFD. The decoder is as new.
  std::string Flush();

 private:
  const Vocabulary* vocabulary_;
  std::string held_;  // the beginning of one character, at most 3 bytes
};

}  // namespace fathom
