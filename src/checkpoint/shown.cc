#include "checkpoint/shown.h"

#include <algorithm>

#include "json/write.h"

namespace fathom {
namespace {

constexpr size_t kLongest = 60;

}  // namespace

std::string Shown(const json::Value& value) {
  std::string text = json::Dump(value, json::Style::kPython);
  if (text.size() > kLongest) text = text.substr(0, kLongest - 3) + "...";
  // Nothing that a terminal might act on.
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7E; }, '?');
  return text;
}

}  // namespace fathom
