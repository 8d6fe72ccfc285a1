#include "base/utf8.h"

#include "base/check.h"

namespace fathom {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

// Bytes in the sequence that `lead` begins; 0 where it cannot begin one.
int SequenceLength(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  if (lead < 0xF5) return 4;
  return 0;
}

// Whether `second` may follow `lead`: rules out overlong forms, surrogates and > U+10FFFF.
bool SecondByteFits(uint8_t lead, uint8_t second) {
  const uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  return second >= low && second <= high;
}

bool IsContinuation(uint8_t byte) { return (byte & 0xC0) == 0x80; }

// How many leading bytes of `text` fit the sequence its first byte begins.
int FittingBytes(std::string_view text, int length) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  int fit = 1;
  while (fit < length && static_cast<size_t>(fit) < text.size()) {
    const bool fits = fit == 1 ? SecondByteFits(byte(0), byte(1))
                               : IsContinuation(byte(static_cast<size_t>(fit)));
    if (!fits) break;
    ++fit;
  }
  return fit;
}

}  // namespace

Utf8Char DecodeUtf8(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  if (lead < 0x80) return {lead, 1, true};
  const int length = SequenceLength(lead);
  if (length == 0) return {kReplacement, 1, false};
  const int fit = FittingBytes(text, length);
  if (fit < length) return {kReplacement, fit, false};
  char32_t code_point = lead & (0x7F >> length);
  for (int i = 1; i < length; ++i) {
    code_point = code_point << 6 | (static_cast<uint8_t>(text[static_cast<size_t>(i)]) & 0x3F);
  }
  return {code_point, length, true};
}

void AppendUtf8(char32_t code_point, std::string* out) {
  FATHOM_DCHECK(code_point < 0xD800 || (code_point >= 0xE000 && code_point <= 0x10FFFF),
                "U+{:04X} has no UTF-8 form", static_cast<uint32_t>(code_point));
  const auto put = [out](char32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3F));
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

size_t FindInvalidUtf8(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    if (static_cast<uint8_t>(text[i]) < 0x80) {
      ++i;
      continue;
    }
    const Utf8Char c = DecodeUtf8(text.substr(i));
    if (!c.valid) return i;
    i += static_cast<size_t>(c.length);
  }
  return std::string_view::npos;
}

size_t IncompleteUtf8Suffix(std::string_view text) {
  for (size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const std::string_view tail = text.substr(text.size() - back);
    const auto lead = static_cast<uint8_t>(tail[0]);
    if (IsContinuation(lead)) continue;
    const int length = SequenceLength(lead);
    const bool incomplete =
        length > static_cast<int>(back) && FittingBytes(tail, length) == static_cast<int>(back);
    return incomplete ? back : 0;
  }
  return 0;
}

std::string ReplaceInvalidUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Utf8Char c = DecodeUtf8(text);
    if (c.valid) {
      out.append(text.substr(0, static_cast<size_t>(c.length)));
    } else {
      AppendUtf8(kReplacement, &out);
    }
    text.remove_prefix(static_cast<size_t>(c.length));
  }
  return out;
}

size_t CountUtf8(std::string_view text) {
  size_t count = 0;
  while (!text.empty()) {
    text.remove_prefix(static_cast<size_t>(DecodeUtf8(text).length));
    ++count;
  }
  return count;
}

}  // namespace fathom
