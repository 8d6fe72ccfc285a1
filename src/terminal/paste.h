// Text that was pasted into a line, kept aside while a short note stands in the line for it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fathom {

class PasteShelf {
 public:
  // What to insert for `text`: itself, without its line breaks at the end, where it is one line;
  // else "[pasted 12 lines]", with a number where the line has that note already. Terminals send
  // line breaks as carriage returns; they come back as newlines. Other control characters but tabs
  // are dropped, and bytes that are not UTF-8 replaced.
  std::string Add(std::string_view text);

  // `line` with the text in place of every note that is still there, and whole.
  std::string Expand(std::string_view line) const;

  void Clear() { pastes_.clear(); }

 private:
  std::vector<std::pair<std::string, std::string>> pastes_;  // note, text
};

}  // namespace fathom
