#include "api/redact.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/unicode_class.h"
#include "base/utf8.h"

namespace fathom::api {
namespace {

// Members whose texts are words of the API, or names of models and tools.
constexpr std::array kKept = {
    std::string_view("role"),          std::string_view("type"),
    std::string_view("model"),         std::string_view("object"),
    std::string_view("status"),        std::string_view("format"),
    std::string_view("effort"),        std::string_view("reasoning_effort"),
    std::string_view("tool_choice"),   std::string_view("detail"),
    std::string_view("verbosity"),     std::string_view("truncation"),
    std::string_view("service_tier"),  std::string_view("encoding_format"),
    std::string_view("finish_reason"), std::string_view("stop_reason"),
    std::string_view("include"),       std::string_view("modalities"),
    std::string_view("required"),      std::string_view("$ref")};

// Members below which everything is what somebody says, numbers included. `input` is one in a call
// of Anthropic's, where it is an object; the list of that name holds messages.
constexpr std::array kSaid = {
    std::string_view("arguments"), std::string_view("metadata"), std::string_view("prompt"),
    std::string_view("suffix"),    std::string_view("default"),  std::string_view("const"),
    std::string_view("enum"),      std::string_view("examples"), std::string_view("stop")};

// Ids, where this server made them.
constexpr std::array kIds = {std::string_view("id"), std::string_view("call_id"),
                             std::string_view("tool_call_id"), std::string_view("tool_use_id"),
                             std::string_view("previous_response_id")};
constexpr std::array kIdBeginnings = {std::string_view("call_"), std::string_view("resp_"),
                                      std::string_view("msg_"), std::string_view("rs_"),
                                      std::string_view("fc_")};

constexpr size_t kLongestName = 64;

template <size_t n>
bool IsAmong(const std::array<std::string_view, n>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool LooksLikeAName(std::string_view text) {
  return text.size() <= kLongestName && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("_-.:/#$").find(c) != std::string_view::npos;
         });
}

bool IsOwnId(std::string_view text) {
  return LooksLikeAName(text) && std::ranges::any_of(kIdBeginnings, [&](std::string_view begin) {
           return text.starts_with(begin);
         });
}

// What stands for a character outside ASCII: one of its kind with 2, 3 or 4 bytes.
using Stands = std::array<std::string_view, 3>;
constexpr Stands kLetters = {"ж", "字", "𠀀"};
constexpr Stands kNumbers = {"٠", "０", "𝟎"};
constexpr Stands kMarks = {"\u0301", "\u20D0", "\U000E0100"};
constexpr Stands kOthers = {"°", "○", "🔴"};  // symbols, and what shows nothing or is nothing yet

std::string_view StandsFor(UnicodeClass kind, std::string_view character) {
  const size_t bytes = character.size() - 2;
  switch (kind) {
    case UnicodeClass::kLetter:
      return kLetters[bytes];
    case UnicodeClass::kNumber:
      return kNumbers[bytes];
    case UnicodeClass::kMark:
      return kMarks[bytes];
    case UnicodeClass::kPunctuation:
    case UnicodeClass::kWhiteSpace:
      return character;
    case UnicodeClass::kSymbol:
    case UnicodeClass::kOther:
      return character == "｜" || character == "▁" ? character : kOthers[bytes];
  }
  return kOthers[bytes];
}

// A name of a member; two that would be the same are told apart.
std::string KeyFor(const std::string& key, const json::Object& others) {
  std::string shown = LooksLikeAName(key) ? key : RedactedText(key);
  while (others.Has(shown)) shown += '+';
  return shown;
}

json::Value WithoutWords(const json::Value& value, bool said);

bool IsKept(std::string_view key, const json::Value& text, const json::Object& among) {
  if (!text.is_string()) return false;
  if (IsAmong(kIds, key)) return IsOwnId(text.string());
  // In a message it is a person's.
  const bool name = key == "name" && !among.Has("role");
  return (name || IsAmong(kKept, key)) && LooksLikeAName(text.string());
}

json::Value OfMember(const json::Member& member, const json::Object& among, bool said) {
  const json::Value& value = member.value;
  if (said) return WithoutWords(value, /*said=*/true);
  if (IsKept(member.key, value, among)) return value;
  if (value.is_array() && IsAmong(kKept, member.key)) {
    json::Array kept;
    for (const json::Value& item : value.array()) {
      kept.push_back(OfMember({member.key, item}, among, /*said=*/false));
    }
    return kept;
  }
  const bool call = member.key == "input" && value.is_object();
  return WithoutWords(value, call || IsAmong(kSaid, member.key));
}

json::Value WithoutWords(const json::Value& value, bool said) {
  switch (value.kind()) {
    case json::Kind::kString:
      return RedactedText(value.string());
    case json::Kind::kNumber:
      return said ? json::Value(0) : value;
    case json::Kind::kArray: {
      json::Array array;
      for (const json::Value& item : value.array()) array.push_back(WithoutWords(item, said));
      return array;
    }
    case json::Kind::kObject: {
      json::Object object;
      for (const json::Member& member : value.object()) {
        object.Set(KeyFor(member.key, object), OfMember(member, value.object(), said));
      }
      return object;
    }
    case json::Kind::kNull:
    case json::Kind::kBool:
      return value;
  }
  return {};
}

}  // namespace

std::string RedactedText(std::string_view text) {
  std::string redacted;
  redacted.reserve(text.size());
  while (!text.empty()) {
    const char c = text.front();
    if (static_cast<unsigned char>(c) < 0x80) {
      const bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z';
      redacted += lower ? 'x' : upper ? 'X' : c >= '0' && c <= '9' ? '0' : c;
      text.remove_prefix(1);
      continue;
    }
    const Utf8Char character = DecodeUtf8(text);
    const auto length = static_cast<size_t>(character.length);
    if (character.valid) {
      redacted += StandsFor(ClassOf(character.code_point), text.substr(0, length));
    } else {
      redacted.append(length, '?');
    }
    text.remove_prefix(length);
  }
  return redacted;
}

json::Value Redacted(const json::Value& body) { return WithoutWords(body, /*said=*/false); }

}  // namespace fathom::api
