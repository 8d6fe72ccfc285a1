#include "agent/stop_scanner.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"

namespace fathom {

StopScanner::Pattern::Pattern(std::string stop) : text(std::move(stop)), shorter(text.size(), 0) {
  for (size_t i = 1, length = 0; i < text.size(); ++i) {
    while (length > 0 && text[i] != text[length]) length = shorter[length - 1];
    if (text[i] == text[length]) ++length;
    shorter[i] = length;
  }
}

void StopScanner::Pattern::Advance(char c) {
  while (matched > 0 && text[matched] != c) matched = shorter[matched - 1];
  if (text[matched] == c) ++matched;
}

Result<StopScanner> StopScanner::Create(const std::vector<std::string>& stops) {
  StopScanner scanner;
  for (size_t i = 0; i < stops.size(); ++i) {
    if (stops[i].empty()) return InvalidArgument("stop[{}]: empty", i);
    if (!IsValidUtf8(stops[i])) return InvalidArgument("stop[{}]: invalid UTF-8", i);
    scanner.patterns_.emplace_back(stops[i]);
  }
  return scanner;
}

std::string StopScanner::Add(std::string_view piece) {
  if (hit_) return {};
  for (const char c : piece) {
    held_.push_back(c);
    size_t longest = 0;
    for (size_t i = 0; i < patterns_.size(); ++i) {
      Pattern& pattern = patterns_[i];
      pattern.Advance(c);
      if (pattern.matched == pattern.text.size() && pattern.matched > longest) {
        longest = pattern.matched;
        hit_ = i;
      }
    }
    if (hit_) {
      held_.resize(held_.size() - longest);
      return std::exchange(held_, {});
    }
  }
  size_t beginning = 0;  // bytes at the end of held_ that may begin a stop string
  for (const Pattern& pattern : patterns_) beginning = std::max(beginning, pattern.matched);
  std::string safe = held_.substr(0, held_.size() - beginning);
  held_.erase(0, safe.size());
  return safe;
}

std::string StopScanner::Finish() {
  for (Pattern& pattern : patterns_) pattern.matched = 0;
  return std::exchange(held_, {});
}

}  // namespace fathom
