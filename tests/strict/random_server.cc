// A server whose model says anything (random_logits.h), for a client that judges its answers.
//   usage: random_server TOKENIZER ROWS SEED
// ROWS: of logits, at least as many as the tokenizer has ids. Prints its address; ends with its
// input.
#include <fmt/core.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <utility>

#include "strict/random_logits.h"
#include "support/scripted_service.h"

namespace {

bool ReadNumber(std::string_view text, int64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

}  // namespace

int main(int argc, char** argv) {
  using namespace fathom;
  int64_t rows = 0, seed = 0;
  if (argc != 4 || !ReadNumber(argv[2], &rows) || !ReadNumber(argv[3], &seed) || rows < 1 ||
      rows > (1 << 20)) {
    fmt::print(stderr, "usage: random_server TOKENIZER ROWS SEED\n");
    return 2;
  }
  test::ScriptedServiceOptions options;
  options.tokenizer = argv[1];
  options.vocab_size = rows;
  options.context = 16384;
  options.pages = 4096;
  options.rows = [&](const Tokenizer& tokenizer) {
    return test::RandomLogits(tokenizer, static_cast<uint64_t>(seed));
  };
  return test::ServeUntilInputEnds(test::ScriptedService::Start(std::move(options)));
}
