#include "checkpoint/shown.h"

#include "base/utf8.h"
#include "json/write.h"

namespace fathom {

std::string Shown(const json::Value& value) {
  std::string text = json::Dump(value, json::Style::kPython);
  if (text.size() <= 60) return text;
  text.resize(57);
  text.resize(text.size() - IncompleteUtf8Suffix(text));
  return text + "...";
}

}  // namespace fathom
