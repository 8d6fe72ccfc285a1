// What a command of the program is: a name, its flags and a function.
//
// The flags of all commands form one table, from which the parser, the help texts and everything
// else that lists flags is made. A command's file holds its options in a struct, binds each flag
// to a field and exports Make...Command(). The command line library is seen by program.cc alone.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"

namespace fathom {

// Where a flag's value goes. The field's content before parsing is its default. A bool* makes a
// switch; a vector* collects every use of the flag.
using FlagTarget =
    std::variant<bool*, int64_t*, double*, std::string*, std::optional<int64_t>*,
                 std::optional<double>*, std::optional<std::string>*, std::vector<std::string>*>;

struct Flag {
  std::string name;   // "--greedy", "-p,--prompt", or "MODEL": a positional argument
  std::string value;  // what stands for the value in the help: "N", "FILE"; empty for a switch.
                      // Shells complete by it, and by an argument's name where it has none.
  std::string help;   // one line; the default is said here where it is not obvious
  FlagTarget target;
  bool required = false;
  std::vector<std::string> choices = {};  // when not empty, the only values accepted
};

// The flag of commands with settings that names their file: an std::optional<std::string>.
inline constexpr std::string_view kConfigFlag = "--config";

struct Command {
  std::string name;
  std::string summary;      // one line, for the list of commands
  std::string description;  // a paragraph for the command's own help; may be empty
  std::vector<Flag> flags;
  // For what runs unattended: a flag may also stand in the environment (--max-running is
  // FATHOM_MAX_RUNNING) or in the JSON file that --config names ({"max-running": 8}). The command
  // line goes before the environment, and that before the file.
  bool settings = false;
  std::function<Result<int>()> run;  // the exit code, or the error that main prints
};

}  // namespace fathom
