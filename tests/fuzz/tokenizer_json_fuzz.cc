// Any bytes as a tokenizer.json: refused with a reason, or a tokenizer that works.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "tokenizer/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto tokenizer = fathom::Tokenizer::FromJson({reinterpret_cast<const char*>(data), size});
  if (!tokenizer.ok()) {
    FATHOM_CHECK(!tokenizer.status().message().empty(), "an error without words");
    return 0;
  }
  constexpr std::string_view kText = "Hello, 世界! 123 <think>\n\n  the  end";
  for (const auto allow : {fathom::AllowSpecial::kNo, fathom::AllowSpecial::kYes}) {
    const auto text = tokenizer->Decode(tokenizer->Encode(kText, allow));
    FATHOM_CHECK(text.ok() && *text == kText, "{}", text.ok() ? *text : text.status().message());
  }
  return 0;
}
