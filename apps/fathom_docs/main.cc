// fathom_docs FOLDER: writes the manual pages and completions, at build time, into
//   man/fathom.1, man/fathom-COMMAND.1, completions/{fathom.bash,_fathom,fathom.fish}
#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <system_error>

#include "completion.h"
#include "man_page.h"
#include "program.h"

namespace fathom {
namespace {

namespace fs = std::filesystem;

Status WriteFile(const fs::path& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary);
  file << content;
  file.close();
  return file ? Status() : Internal("{}: could not be written", path.string());
}

// An empty folder, so that no page of a former command is left.
Status MakeFolder(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (!error) fs::create_directories(path, error);
  return error ? Internal("{}: {}", path.string(), error.message()) : Status();
}

Status WriteDocs(const fs::path& folder) {
  const std::vector<Command> commands = AllCommands();
  const fs::path man = folder / "man", completions = folder / "completions";
  FATHOM_RETURN_IF_ERROR(MakeFolder(man));
  FATHOM_RETURN_IF_ERROR(MakeFolder(completions));
  FATHOM_RETURN_IF_ERROR(WriteFile(man / "fathom.1", ProgramPage(commands, FATHOM_VERSION)));
  for (const Command& command : commands) {
    FATHOM_RETURN_IF_ERROR(WriteFile(man / fmt::format("fathom-{}.1", command.name),
                                     CommandPage(command, FATHOM_VERSION)));
  }
  FATHOM_RETURN_IF_ERROR(WriteFile(completions / "fathom.bash", BashCompletion(commands)));
  FATHOM_RETURN_IF_ERROR(WriteFile(completions / "_fathom", ZshCompletion(commands)));
  return WriteFile(completions / "fathom.fish", FishCompletion(commands));
}

}  // namespace
}  // namespace fathom

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: fathom_docs FOLDER\n");
    return 1;
  }
  const fathom::Status status = fathom::WriteDocs(argv[1]);
  if (status.ok()) return 0;
  fmt::print(stderr, "error: {}\n", status.message());
  return 1;
}
