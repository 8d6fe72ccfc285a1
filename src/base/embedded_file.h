// A file that became part of the program when it was built (cmake/EmbedFiles.cmake).
#pragma once

#include <string_view>

namespace fathom {

struct EmbeddedFile {
  std::string_view name;   // relative to its folder: "assets/index-x1.js.gz"
  std::string_view bytes;  // lives as long as the program
};

}  // namespace fathom
