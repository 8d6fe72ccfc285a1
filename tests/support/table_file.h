// Rows of test cases from a text file: fields separated by tabs, lines that begin with "# " are
// comments. In a field \n, \t, \r, \\ and \xHH stand for the bytes they name, so that a row can
// hold any text and still be read by a person.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/mapped_file.h"

namespace fathom::test {

inline int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  FATHOM_CHECK(c >= 'a' && c <= 'f', "'{}' is no hexadecimal digit", c);
  return c - 'a' + 10;
}

// "e282ac" → the three bytes.
inline std::string FromHex(std::string_view hex) {
  FATHOM_CHECK(hex.size() % 2 == 0, "half a byte at the end of {}", hex);
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(HexDigit(hex[i]) << 4 | HexDigit(hex[i + 1])));
  }
  return bytes;
}

inline std::string Unescape(std::string_view field) {
  std::string text;
  for (size_t i = 0; i < field.size(); ++i) {
    if (field[i] != '\\') {
      text.push_back(field[i]);
      continue;
    }
    FATHOM_CHECK(i + 1 < field.size(), "a lone \\ at the end of {}", field);
    const char letter = field[++i];
    if (letter == 'x') {
      text += FromHex(field.substr(i + 1, 2));
      i += 2;
      continue;
    }
    constexpr std::string_view kLetters = "ntr\\", kMeanings = "\n\t\r\\";
    const size_t known = kLetters.find(letter);
    FATHOM_CHECK(known != std::string_view::npos, "\\{} in {}", letter, field);
    text.push_back(kMeanings[known]);
  }
  return text;
}

// Every row of `path`, which has `columns` fields in each; stops the test where it has not.
inline std::vector<std::vector<std::string>> ReadTable(const std::string& path, size_t columns) {
  const Result<std::string> text = ReadFile(path, size_t{64} << 20);
  FATHOM_CHECK(text.ok(), "{}", text.status().message());
  std::vector<std::vector<std::string>> rows;
  std::string_view left = *text;
  while (!left.empty()) {
    std::string_view line = left.substr(0, left.find('\n'));
    left.remove_prefix(std::min(left.size(), line.size() + 1));
    if (line.starts_with("# ")) continue;
    std::vector<std::string> row;
    for (size_t tab = line.find('\t'); tab != std::string_view::npos; tab = line.find('\t')) {
      row.push_back(Unescape(line.substr(0, tab)));
      line.remove_prefix(tab + 1);
    }
    row.push_back(Unescape(line));
    FATHOM_CHECK(row.size() == columns, "{}: row {} has {} fields, expected {}", path,
                 rows.size() + 1, row.size(), columns);
    rows.push_back(std::move(row));
  }
  FATHOM_CHECK(!rows.empty(), "{}: no rows", path);
  return rows;
}

}  // namespace fathom::test
