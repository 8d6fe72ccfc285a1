#include "program.h"

#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <type_traits>

#include "flag_kind.h"
#include "help_text.h"
#include "settings_source.h"
#include "terminal/terminal_text.h"

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
  CLI::App* sub = app->add_subcommand(command.name);
  for (const Flag& flag : command.flags) {
    CLI::Option* option = AddFlag(sub, flag);
    if (command.settings) option->envname(EnvironmentName(flag));
    if (flag.required) option->required();
    if (!flag.choices.empty()) option->check(CLI::IsMember(flag.choices));
    // A repeated flag takes its last value, so that a script's default can be overridden.
    if (!std::holds_alternative<std::vector<std::string>*>(flag.target)) option->take_last();
  }
}

// Flags that neither the command line nor the environment gave, from the file.
Status TakeSettings(CLI::App* app, const Command& command) {
  const auto config = std::ranges::find(command.flags, kConfigFlag, &Flag::name);
  const auto& path = *std::get<std::optional<std::string>*>(config->target);
  if (!path) return {};
  FATHOM_ASSIGN_OR_RETURN(const auto settings, ReadSettings(*path, command.flags));
  for (const Flag& flag : command.flags) {
    const auto found = settings.find(SettingName(flag));
    if (found == settings.end()) continue;
    CLI::Option* option =
        app->get_option(IsPositional(flag) ? flag.name : "--" + SettingName(flag));
    if (option->count() > 0) continue;
    try {
      option->add_result(found->second);
      option->run_callback();
    } catch (const CLI::Error&) {
      const std::string wanted = !flag.choices.empty()
                                     ? fmt::format("{}", fmt::join(flag.choices, ", "))
                                 : flag.value.empty() ? "true or false"
                                                      : flag.value;
      return InvalidArgument("{}: {}: expected {}, found \"{}\"", *path, found->first, wanted,
                             fmt::join(found->second, ", "));
    }
  }
  return {};
}

const Command* Chosen(const CLI::App& app, const std::vector<Command>& commands) {
  for (const Command& command : commands) {
    if (app.got_subcommand(command.name)) return &command;
  }
  return nullptr;
}

int PrintHelp(const Command* command, const std::vector<Command>& commands) {
  fmt::print("{}", command != nullptr ? CommandHelp(*command) : ProgramHelp(commands));
  return 0;
}

int PrintUsageError(const CLI::Error& error, int argc, char** argv, const Command* command) {
  if (command == nullptr && argc > 1 && argv[1][0] != '-') {
    fmt::print(stderr, "error: there is no command {} (fathom --help lists them)\n",
               SafeForTerminal(argv[1]));
  } else {
    fmt::print(stderr, "error: {} (fathom {}--help lists what there is)\n",
               SafeForTerminal(error.what()), command != nullptr ? command->name + " " : "");
  }
  return 1;
}

}  // namespace

int RunProgram(int argc, char** argv, std::vector<Command> commands, const std::string& version) {
  CLI::App app("Fathom runs DeepSeek-V3.2", "fathom");
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", version);
  for (const Command& command : commands) AddCommand(&app, command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return PrintHelp(Chosen(app, commands), commands);
  } catch (const CLI::CallForVersion& request) {
    fmt::print("{}", request.what());
    return 0;
  } catch (const CLI::Error& error) {
    return PrintUsageError(error, argc, argv, Chosen(app, commands));
  }
  const Command* command = Chosen(app, commands);
  if (command == nullptr) {
    PrintHelp(nullptr, commands);
    return 1;
  }
  const auto run = [&]() -> Result<int> {
    if (command->settings) {
      FATHOM_RETURN_IF_ERROR(TakeSettings(app.get_subcommand(command->name), *command));
    }
    return command->run();
  };
  const Result<int> code = run();
  if (code.ok()) return *code;
  std::fflush(stdout);
  fmt::print(stderr, "error: {}\n", SafeForTerminal(code.status().message()));
  return 1;
}

}  // namespace fathom
