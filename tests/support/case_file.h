// Test cases as text files. A file holds any number of cases:
//
//   # a comment
//   case two_calls                    begins a case and names it
//   start reasoning                   a setting: a word and its value
//   chunks                            a section: a word alone
//     I will look it up.\n\n          its lines, indented by two spaces
//     <｜DSML｜function_calls>
//   events
//     content "I will look it up."
//
// What the words mean is up to the test.
#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/mapped_file.h"

namespace fathom::test {

struct Case {
  std::string name;
  std::string place;  // file and line, for messages
  std::map<std::string, std::string> settings;
  std::map<std::string, std::vector<std::string>> sections;

  std::string Setting(const std::string& word, const std::string& otherwise) const {
    const auto found = settings.find(word);
    return found == settings.end() ? otherwise : found->second;
  }
  const std::vector<std::string>& Section(const std::string& word) const {
    const auto found = sections.find(word);
    FATHOM_CHECK(found != sections.end(), "{}: no section '{}'", place, word);
    return found->second;
  }
};

inline std::vector<Case> ReadCases(const std::string& path) {
  const Result<std::string> text = ReadFile(path, size_t{16} << 20);
  FATHOM_CHECK(text.ok(), "{}", text.status().message());
  std::vector<Case> cases;
  std::vector<std::string>* section = nullptr;
  std::string_view left = *text;
  for (int number = 1; !left.empty(); ++number) {
    const std::string line(left.substr(0, left.find('\n')));
    left.remove_prefix(std::min(left.size(), line.size() + 1));
    if (line.starts_with("  ")) {
      FATHOM_CHECK(section != nullptr, "{}:{}: a line outside of a section", path, number);
      section->push_back(line.substr(2));
      continue;
    }
    if (line.empty() || line.starts_with("#")) continue;
    const size_t space = line.find(' ');
    const std::string word = line.substr(0, space);
    if (word == "case") {
      FATHOM_CHECK(space != std::string::npos, "{}:{}: a case without a name", path, number);
      cases.push_back({line.substr(space + 1), path + ":" + std::to_string(number), {}, {}});
      section = nullptr;
      continue;
    }
    FATHOM_CHECK(!cases.empty(), "{}:{}: '{}' before the first case", path, number, word);
    if (space == std::string::npos) {
      section = &cases.back().sections[word];
    } else {
      cases.back().settings[word] = line.substr(space + 1);
    }
  }
  FATHOM_CHECK(!cases.empty(), "{}: no cases", path);
  return cases;
}

// Every case of every *.case file in `folder`, which is relative to the repository.
inline std::vector<Case> ReadCaseFolder(const std::string& folder) {
  const std::filesystem::path root = std::filesystem::path(FATHOM_SOURCE_DIR) / folder;
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    if (entry.path().extension() == ".case") paths.push_back(entry.path().string());
  }
  std::ranges::sort(paths);
  std::vector<Case> all;
  for (const std::string& path : paths) std::ranges::move(ReadCases(path), std::back_inserter(all));
  FATHOM_CHECK(!all.empty(), "{}: no cases", root.string());
  return all;
}

}  // namespace fathom::test
