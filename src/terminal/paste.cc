#include "terminal/paste.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/utf8.h"

namespace fathom {
namespace {

std::string Cleaned(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\r') {
      if (i + 1 == text.size() || text[i + 1] != '\n') out += '\n';
    } else if (byte == '\n' || byte == '\t' || (byte >= 0x20 && byte != 0x7F)) {
      out += text[i];
    }
  }
  return ReplaceInvalidUtf8(out);
}

}  // namespace

std::string PasteShelf::Add(std::string_view text) {
  std::string cleaned = Cleaned(text);
  while (cleaned.ends_with('\n')) cleaned.pop_back();
  const auto breaks = std::count(cleaned.begin(), cleaned.end(), '\n');
  if (breaks == 0) return cleaned;
  std::string note = fmt::format("[pasted {} lines]", breaks + 1);
  const auto taken = [&] {
    return std::any_of(pastes_.begin(), pastes_.end(),
                       [&](const auto& paste) { return paste.first == note; });
  };
  for (int number = 2; taken(); ++number) {
    note = fmt::format("[pasted {} lines, {}]", breaks + 1, number);
  }
  pastes_.emplace_back(note, std::move(cleaned));
  return note;
}

std::string PasteShelf::Expand(std::string_view line) const {
  std::string out;
  while (!line.empty()) {
    const auto paste = std::find_if(pastes_.begin(), pastes_.end(), [&](const auto& candidate) {
      return line.starts_with(candidate.first);
    });
    if (paste != pastes_.end()) {
      out += paste->second;
      line.remove_prefix(paste->first.size());
    } else {
      out += line[0];
      line.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace fathom
