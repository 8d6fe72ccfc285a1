#include "program.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <type_traits>

namespace fathom {
namespace {

template <typename T>
inline constexpr bool kIsOptional = false;
template <typename T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

CLI::Option* AddFlag(CLI::App* app, const Flag& flag) {
  return std::visit(
      [&](auto* target) -> CLI::Option* {
        using T = std::remove_pointer_t<decltype(target)>;
        if constexpr (std::is_same_v<T, bool>) {
          return app->add_flag(flag.name, *target, flag.help);
        } else if constexpr (kIsOptional<T>) {
          return app->add_option_function<typename T::value_type>(
              flag.name, [target](const typename T::value_type& value) { *target = value; },
              flag.help);
        } else {
          return app->add_option(flag.name, *target, flag.help);
        }
      },
      flag.target);
}

void AddCommand(CLI::App* app, const Command& command) {
  const std::string& about = command.description.empty() ? command.summary : command.description;
  CLI::App* sub = app->add_subcommand(command.name, about);
  for (const Flag& flag : command.flags) {
    CLI::Option* option = AddFlag(sub, flag);
    if (!flag.value.empty()) option->option_text(flag.value);
    if (flag.required) option->required();
    if (!flag.choices.empty()) option->check(CLI::IsMember(flag.choices));
    // A repeated flag takes its last value, so that a script's default can be overridden.
    if (!std::holds_alternative<std::vector<std::string>*>(flag.target)) option->take_last();
  }
}

void PrintHelp(const CLI::App& app, const std::vector<Command>& commands) {
  for (const Command& command : commands) {
    if (app.got_subcommand(command.name)) {
      fmt::print("{}", app.get_subcommand(command.name)->help());
      return;
    }
  }
  fmt::print(
      "Fathom runs DeepSeek-V3.2: its mixture of experts, its sparse attention, its chat "
      "format.\n\n"
      "usage: fathom COMMAND [ARGUMENTS]      fathom COMMAND --help\n\n");
  for (const Command& command : commands) {
    fmt::print("  {:<17}{}\n", command.name, command.summary);
  }
}

}  // namespace

int RunProgram(int argc, char** argv, std::vector<Command> commands) {
  CLI::App app("Fathom runs DeepSeek-V3.2", "fathom");
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", "fathom " FATHOM_VERSION);
  for (const Command& command : commands) AddCommand(&app, command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    PrintHelp(app, commands);
    return 0;
  } catch (const CLI::CallForVersion& version) {
    fmt::print("{}\n", version.what());
    return 0;
  } catch (const CLI::Error& error) {
    fmt::print(stderr, "error: {} (fathom --help lists what there is)\n", error.what());
    return 1;
  }
  for (const Command& command : commands) {
    if (!app.got_subcommand(command.name)) continue;
    const Result<int> code = command.run();
    if (code.ok()) return *code;
    std::fflush(stdout);
    fmt::print(stderr, "error: {}\n", code.status().message());
    return 1;
  }
  PrintHelp(app, commands);
  return 1;
}

}  // namespace fathom
