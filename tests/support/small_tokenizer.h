// A tokenizer.json of a few tokens, for tests that bend it.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "json/write.h"

namespace fathom::test {

// How tokenizer.json spells bytes (see tokenizer/byte_alphabet.h).
inline std::string SpellBytes(std::string_view bytes) {
  static const std::vector<char32_t> alphabet = [] {
    std::vector<char32_t> characters;
    char32_t next = 0x100;
    for (char32_t byte = 0; byte < 256; ++byte) {
      const bool itself = (byte >= U'!' && byte <= U'~') || (byte >= U'¡' && byte <= U'¬') ||
                          (byte >= U'®' && byte <= U'ÿ');
      characters.push_back(itself ? byte : next++);
    }
    return characters;
  }();
  std::string spelled;
  for (const char byte : bytes) AppendUtf8(alphabet[static_cast<uint8_t>(byte)], &spelled);
  return spelled;
}

struct SmallAddedToken {
  std::string content;
  bool special = false;
  bool normalized = true;
};

// Ids: the bytes 0 to 255, then the results of the merges, then the added tokens. The text has one
// member of the top level and of "model" a line.
inline std::string SmallTokenizerJson(
    const std::vector<std::pair<std::string, std::string>>& merges,
    const std::vector<SmallAddedToken>& added, bool merges_as_pairs = true) {
  json::Object vocab;
  const auto add = [&vocab](std::string_view bytes) {
    vocab.Set(SpellBytes(bytes), json::Value(static_cast<int64_t>(vocab.size())));
  };
  for (int byte = 0; byte < 256; ++byte) {
    const auto value = static_cast<char>(byte);
    add({&value, 1});
  }
  json::Array merge_list;
  for (const auto& [left, right] : merges) {
    add(left + right);
    const std::string a = SpellBytes(left), b = SpellBytes(right);
    merge_list.push_back(merges_as_pairs ? json::Value(json::Array{a, b}) : a + " " + b);
  }
  json::Array added_list;
  for (const SmallAddedToken& token : added) {
    added_list.push_back(
        json::Object{{"id", static_cast<int64_t>(vocab.size() + added_list.size())},
                     {"content", token.content},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", token.normalized},
                     {"special", token.special}});
  }
  const auto dump = [](const json::Value& value) {
    return json::Dump(value, json::Style::kPython);
  };
  return R"({"version": "1.0",
"truncation": null,
"padding": null,
"added_tokens": )" +
         dump(added_list) + R"(,
"normalizer": {"type": "Sequence", "normalizers": []},
"pre_tokenizer": {"type": "Sequence", "pretokenizers": [
{"type": "Split", "pattern": {"Regex": "\\p{N}{1,3}"}, "behavior": "Isolated", "invert": false},
{"type": "Split", "pattern": {"Regex": "[一-龥぀-ゟ゠-ヿ]+"}, "behavior": "Isolated", "invert": false},
{"type": "Split", "pattern": {"Regex": )" +
         dump(
             "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|"
             "[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|"
             "\\s*[\r\n]+|\\s+(?!\\S)|\\s+") +
         R"(}, "behavior": "Isolated", "invert": false},
{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]},
"post_processor": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true},
"decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
"model": {
"type": "BPE",
"dropout": null,
"unk_token": null,
"continuing_subword_prefix": null,
"end_of_word_suffix": null,
"fuse_unk": false,
"byte_fallback": false,
"ignore_merges": false,
"vocab": )" +
         dump(vocab) + R"(,
"merges": )" +
         dump(merge_list) + R"(
}}
)";
}

}  // namespace fathom::test
