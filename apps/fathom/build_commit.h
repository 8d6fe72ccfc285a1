// The commit that was built. Defined in a source of its own, which every build writes anew when the
// commit has changed (cmake/write_commit.cmake): then one small file is compiled, and no library.
#pragma once

namespace fathom {

extern const char kBuildCommit[];  // "801eb6ab1c2d", with "-dirty" for changed files, or "unknown"

}  // namespace fathom
