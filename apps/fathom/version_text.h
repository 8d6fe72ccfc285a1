// What `fathom --version` says: what was built, by which compiler, and what of it this machine
// runs.
#pragma once

#include <string>
#include <string_view>

namespace fathom {

std::string VersionText(std::string_view commit);

// "0.1.0, GNU 12.2.0, Release"
std::string VersionNumber();

}  // namespace fathom
