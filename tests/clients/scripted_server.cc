// A server whose model says what a script tells it to, for clients of other makers.
//   usage: scripted_server SCRIPT TOKENIZER KEY [CONTEXT [PAUSE]]
// Prints its address; ends with its input. CONTEXT is in tokens: prompts of coding agents are long.
// Every step takes PAUSE milliseconds longer.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "backend/cache_layout.h"
#include "base/mapped_file.h"
#include "support/scripted_service.h"

int main(int argc, char** argv) {
  using namespace fathom;
  const int64_t context = argc > 4 ? std::atoll(argv[4]) : 4096;
  if (argc < 4 || argc > 6 || context < 1 || context > (1 << 20)) {
    fmt::print(stderr, "usage: scripted_server SCRIPT TOKENIZER KEY [CONTEXT [PAUSE]]\n");
    return 2;
  }
  const auto start = [&]() -> Result<std::unique_ptr<test::ScriptedService>> {
    FATHOM_ASSIGN_OR_RETURN(const MappedFile script, MappedFile::Open(argv[1]));
    test::ScriptedServiceOptions options;
    FATHOM_ASSIGN_OR_RETURN(options.lines, test::LinesFromJson(script.text()));
    options.tokenizer = argv[2];
    options.keys = api::KeyRing::OfKey(argv[3]);
    options.context = context;
    options.pages = std::max(options.pages, static_cast<int32_t>(context / kPageTokens * 2));
    if (argc == 6) {
      const std::chrono::milliseconds pause(std::atoi(argv[5]));
      options.on_step = [pause](const Batch&) { std::this_thread::sleep_for(pause); };
    }
    return test::ScriptedService::Start(std::move(options));
  };
  return test::ServeUntilInputEnds(start());
}
