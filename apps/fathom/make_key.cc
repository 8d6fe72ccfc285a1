// fathom make-key: a new API key for `fathom serve --api-keys`, and its line for the file.
#include <fmt/core.h>

#include <memory>
#include <string>
#include <vector>

#include "api/keys.h"
#include "command.h"
#include "commands.h"

namespace fathom {

namespace {

// The entry is tried as the server will read it, so that a limit out of range shows here.
Status CheckEntry(const std::string& entry) {
  return api::KeyRing::FromJson("{\"keys\": [" + entry + "]}").status();
}

std::vector<Flag> MakeKeyFlagTable(api::KeyHolder* holder) {
  return {
      {.name = "NAME",
       .value = "",
       .help = "whose key it is, for the log",
       .target = &holder->name,
       .required = true},
      {.name = "--max-running",
       .value = "N",
       .help = "requests at once; 0: no limit, as for all that follow [0]",
       .target = &holder->max_running},
      {.name = "--requests-per-minute",
       .value = "N",
       .help = "requests in a minute [0]",
       .target = &holder->requests_per_minute},
      {.name = "--tokens-per-minute",
       .value = "N",
       .help = "tokens in a minute, of prompts and answers; those found in the cache don't "
               "count [0]",
       .target = &holder->tokens_per_minute},
      {.name = "--tokens-per-day",
       .value = "N",
       .help = "the same in a day of UTC [0]",
       .target = &holder->tokens_per_day},
      {.name = "--money-per-day",
       .value = "X",
       .help = "cost in a day of UTC, in the currency of fathom serve --prices [0]",
       .target = &holder->money_per_day},
      {.name = "--thinking-budget",
       .value = "N",
       .help = "tokens of reasoning after which the model must answer, where a request names none; "
               "-1: the server's [-1]",
       .target = &holder->thinking_budget},
      {.name = "--priority",
       .value = "N",
       .help = "-10 to 10: requests of a higher one go first [0]",
       .target = &holder->priority}};
}

}  // namespace

Command MakeMakeKeyCommand() {
  const auto holder = std::make_shared<api::KeyHolder>();
  Command command;
  command.name = "make-key";
  command.summary = "make an API key for fathom serve";
  command.description =
      "Prints a new key, once, and the entry that stands for it in the file of fathom serve "
      "--api-keys: {\"keys\": [ENTRY, …]}. The entry holds a hash and not the key; its limits may "
      "be changed there later, and \"revoked\": true added.";
  command.flags = MakeKeyFlagTable(holder.get());
  command.run = [holder]() -> Result<int> {
    if (holder->name.empty()) return InvalidArgument("NAME: empty");
    const api::NewKey made = api::MakeKey(*holder);
    FATHOM_RETURN_IF_ERROR(CheckEntry(made.entry));
    fmt::print("key    {}\nentry  {}\n", made.key, made.entry);
    return 0;
  };
  return command;
}

}  // namespace fathom
