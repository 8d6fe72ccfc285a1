#include "base/mapped_file.h"
#include "program.h"

int main(int argc, char** argv) {
  fathom::GuardMappedFiles();
  return fathom::RunProgram(argc, argv, fathom::AllCommands());
}
