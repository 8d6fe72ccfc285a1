// Any bytes as text: ids that decode to it, at once and streamed, and that are those of the slow
// reference where the text is short enough for it.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/utf8.h"
#include "json/parse.h"
#include "support/reference_tokenizer.h"
#include "tokenizer/stream_decoder.h"
#include "tokenizer/tokenizer.h"

namespace {

constexpr const char* kFile = FATHOM_SOURCE_DIR "/models/fathom-nano/tokenizer.json";

const fathom::Tokenizer& Nano() {
  static const fathom::Tokenizer tokenizer = [] {
    auto loaded = fathom::Tokenizer::Load(kFile);
    FATHOM_CHECK(loaded.ok(), "{}", loaded.status().message());
    return std::move(loaded).value();
  }();
  return tokenizer;
}

const fathom::test::ReferenceTokenizer& Reference() {
  static const fathom::test::ReferenceTokenizer reference(*fathom::json::ParseFile(kFile));
  return reference;
}

}  // namespace

// The first byte says whether added tokens are allowed.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const bool allow = data[0] % 2 == 1;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string expected = fathom::ReplaceInvalidUtf8(text);
  const auto ids = Nano().Encode(text, fathom::AllowSpecial(allow));
  FATHOM_CHECK(*Nano().Decode(ids) == expected, "decoded text differs");

  fathom::StreamDecoder decoder(Nano().vocabulary());
  std::string streamed;
  for (const int32_t id : ids) {
    FATHOM_CHECK(allow || !Nano().vocabulary().IsAdded(id), "added token {} in plain text", id);
    streamed += decoder.Push(id);
  }
  FATHOM_CHECK(streamed + decoder.Flush() == expected, "streamed text differs");
  if (expected.size() <= 200) {
    FATHOM_CHECK(ids == Reference().Encode(expected, allow), "ids differ from the reference");
  }
  return 0;
}
