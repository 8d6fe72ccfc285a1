#include "chat/dsml.h"

#include "base/utf8.h"
#include "json/write.h"

namespace fathom::chat {

void AppendParameters(const json::Object& arguments, Prompt* prompt) {
  bool first = true;
  for (const json::Member& member : arguments) {
    if (!first) prompt->AddText("\n");
    first = false;
    const bool is_string = member.value.is_string();
    prompt->AddTemplate("<｜DSML｜parameter name=\"");
    prompt->AddText(member.key);
    prompt->AddText(is_string ? "\" string=\"true\">" : "\" string=\"false\">");
    prompt->AddText(is_string ? member.value.string()
                              : json::Dump(member.value, json::Style::kPython));
    prompt->AddTemplate("</｜DSML｜parameter>");
  }
}

std::string ArgumentText(std::string_view key, std::string_view value, bool is_string) {
  std::string text;
  json::DumpString(key, &text);
  text.append(": ");
  if (is_string) {
    json::DumpString(value, &text);
  } else {
    text.append(value);
  }
  return text;
}

size_t LeadingSpace(std::string_view text) {
  size_t taken = 0;
  while (taken < text.size()) {
    const Utf8Char next = DecodeUtf8(text.substr(taken));
    const char32_t c = next.code_point;
    const bool space = (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 ||
                       c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
                       c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
    if (!space) break;
    taken += static_cast<size_t>(next.length);
  }
  return taken;
}

}  // namespace fathom::chat
