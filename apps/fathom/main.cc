#include "base/mapped_file.h"
#include "build_commit.h"
#include "program.h"
#include "version_text.h"

int main(int argc, char** argv) {
  fathom::GuardMappedFiles();
  return fathom::RunProgram(argc, argv, fathom::AllCommands(),
                            fathom::VersionText(fathom::kBuildCommit));
}
