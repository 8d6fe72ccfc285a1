// Tables of the documents, for tests that compare them with the code.
#pragma once

#include <sstream>
#include <string>
#include <vector>

namespace fathom::test {

// The names in the first column of every table of `text` whose head begins with `head`.
inline std::vector<std::string> FirstColumn(const std::string& text, const std::string& head) {
  std::istringstream lines(text);
  std::vector<std::string> names;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("| " + head + " |")) {
      inside = true;
    } else if (!line.starts_with("|")) {
      inside = false;
    } else if (inside && line.starts_with("| `")) {
      names.push_back(line.substr(3, line.find('`', 3) - 3));
    }
  }
  return names;
}

}  // namespace fathom::test
