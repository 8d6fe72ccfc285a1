// fathom make-key: a new API key for `fathom serve --api-keys`, and its line for the file.
#include <fmt/core.h>

#include <memory>
#include <string>

#include "api/keys.h"
#include "command.h"
#include "commands.h"

namespace fathom {

Command MakeMakeKeyCommand() {
  const auto name = std::make_shared<std::string>();
  Command command;
  command.name = "make-key";
  command.summary = "make an API key for fathom serve";
  command.description =
      "Prints a new key, once, and the entry that stands for it in the file of fathom serve "
      "--api-keys: {\"keys\": [ENTRY, …]}. The entry holds a hash and not the key; max_running, "
      "requests_per_minute, priority and revoked may be added to it.";
  command.flags = {{.name = "NAME",
                    .value = "",
                    .help = "whose key it is, for the log",
                    .target = name.get(),
                    .required = true}};
  command.run = [name]() -> Result<int> {
    if (name->empty()) return InvalidArgument("NAME: empty");
    const api::NewKey made = api::MakeKey(*name);
    fmt::print("key    {}\nentry  {}\n", made.key, made.entry);
    return 0;
  };
  return command;
}

}  // namespace fathom
