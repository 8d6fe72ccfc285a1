#include "tokenizer/stream_decoder.h"

#include <utility>

#include "base/utf8.h"

namespace fathom {

std::string StreamDecoder::Push(int32_t id) {
  std::string bytes = std::exchange(held_, {});
  bytes += vocabulary_->Bytes(id);
  const size_t complete = bytes.size() - IncompleteUtf8Suffix(bytes);
  held_ = bytes.substr(complete);
  bytes.resize(complete);
  return IsValidUtf8(bytes) ? bytes : ReplaceInvalidUtf8(bytes);
}

std::string StreamDecoder::Flush() { return ReplaceInvalidUtf8(std::exchange(held_, {})); }

}  // namespace fathom
