// Text ↔ token ids, exactly as Hugging Face tokenizers does it for the DeepSeek-V3 family.
//
// Text becomes ids in three steps: added tokens (<｜User｜>, <think>) are cut out where they are
// allowed, the rest is cut into pieces (pre_split.h), and each piece is merged (bpe.h).
//
// Allowed or not is the caller's decision for every stretch of text, and the default is no: then
// "<｜User｜>" typed by a user is some ordinary tokens, and no text can become an added token.
//
// Invalid UTF-8 is read as U+FFFD, one per invalid sequence, as the other implementations' string
// types force on their callers.
//
// Threads: all const functions may be called from any number of threads at once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "tokenizer/added_tokens.h"
#include "tokenizer/bpe.h"
#include "tokenizer/vocabulary.h"

namespace fathom {

// Whether a stretch of text may become added tokens, special or not.
enum class AllowSpecial : bool { kNo, kYes };

struct TextSegment {
  std::string_view text;
  AllowSpecial allow_special = AllowSpecial::kNo;
};

// What a tokenizer is made of; loaders fill it, Tokenizer::Make checks it.
struct TokenizerParts {
  Vocabulary vocabulary;
  std::vector<Merge> merges;      // by rank
  AddedTokens raw_tokens;         // normalized=false: matched in a first pass
  AddedTokens normalized_tokens;  // normalized=true: matched in what the first pass leaves
};

class Tokenizer {
 public:
  // Reads a tokenizer.json. What the file asks for and this program does not do (another
  // normalizer, pre-tokenizer, model …) is an error that names the field; see tokenizer_json.cc.
  static Result<Tokenizer> Load(const std::string& path);
  static Result<Tokenizer> FromJson(std::string_view text);
  static Result<Tokenizer> Make(TokenizerParts parts);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // Linear in the length but for one long piece, which takes n log n; figures are in
  // docs/tokenizer.md. Text shorter than 4 GiB.
  std::vector<int32_t> Encode(std::string_view text,
                              AllowSpecial allow_special = AllowSpecial::kNo) const;

  // The segments as one text: pieces and merges run across their borders, as they do where another
  // implementation is given the whole prompt as a string. Encoding each segment for itself and
  // appending differs from that wherever a border has no added token beside it: of "<result>" and
  // "text", the piece ">text" would be cut in two. An added token is found only where all of its
  // bytes are allowed; allowed neighbours count as one.
  std::vector<int32_t> Encode(std::span<const TextSegment> segments) const;

  // The text of the tokens, none left out; invalid UTF-8 as U+FFFD. For tokens that arrive one by
  // one see StreamDecoder. Fails on an id without a token.
  Result<std::string> Decode(std::span<const int32_t> ids) const;

  // Which ids exist, which are added or special, and their bytes.
  const Vocabulary& vocabulary() const { return parts_.vocabulary; }

  // The token with exactly these bytes ("<think>", " the"); tokens are known by name, not by
  // number.
  std::optional<int32_t> TokenId(std::string_view bytes) const {
    return parts_.vocabulary.Find(bytes);
  }

 private:
  class Run;
  class ScratchPool;

  Tokenizer(TokenizerParts parts, Bpe bpe);

  TokenizerParts parts_;
  Bpe bpe_;
  std::unique_ptr<ScratchPool> scratch_;
};

}  // namespace fathom
