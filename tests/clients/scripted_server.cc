// A server whose model says what a script tells it to, for clients of other makers.
//   usage: scripted_server SCRIPT TOKENIZER KEY [PAUSE]
// Prints its address; ends with its input. Every step takes PAUSE milliseconds longer.
#include <fmt/core.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "base/mapped_file.h"
#include "support/scripted_service.h"

int main(int argc, char** argv) {
  using namespace fathom;
  if (argc != 4 && argc != 5) {
    fmt::print(stderr, "usage: scripted_server SCRIPT TOKENIZER KEY [PAUSE]\n");
    return 2;
  }
  const auto start = [&]() -> Result<std::unique_ptr<test::ScriptedService>> {
    FATHOM_ASSIGN_OR_RETURN(const MappedFile script, MappedFile::Open(argv[1]));
    test::ScriptedServiceOptions options;
    FATHOM_ASSIGN_OR_RETURN(options.lines, test::LinesFromJson(script.text()));
    options.tokenizer = argv[2];
    options.keys = api::KeyRing::OfKey(argv[3]);
    options.context = 16384;
    if (argc == 5) {
      const std::chrono::milliseconds pause(std::atoi(argv[4]));
      options.on_step = [pause](const Batch&) { std::this_thread::sleep_for(pause); };
    }
    return test::ScriptedService::Start(std::move(options));
  };
  const auto service = start();
  if (!service.ok()) {
    fmt::print(stderr, "error: {}\n", service.status().message());
    return 1;
  }
  fmt::print("http://127.0.0.1:{}\n", (*service)->server->port());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}
