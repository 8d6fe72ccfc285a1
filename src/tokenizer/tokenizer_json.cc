// tokenizer.json → Tokenizer.
//
// The format can describe many tokenizers; this program runs one kind, that of the DeepSeek-V3
// family. So everything in the file is compared with what that kind has, and a difference (or an
// option nobody here knows) is an error that names the field, what it holds and what would be
// understood: a tokenizer that splits a little differently gives a model that is a little worse,
// and nothing else would ever say so.
//
// The vocabulary and the merges, 99 % of the file, are read by a cursor straight into their tables.
#include <optional>
#include <set>

#include "base/mapped_file.h"
#include "json/cursor.h"
#include "json/field_reader.h"
#include "json/parse.h"
#include "json/write.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/tokenizer.h"

namespace fathom {
namespace {

using json::Cursor;
using json::Value;

// PieceScanner is this, written by hand. "trim_offsets" is about positions, which we do not report.
constexpr std::string_view kPreTokenizer = R"json({
  "type": "Sequence",
  "pretokenizers": [
    {"type": "Split", "behavior": "Isolated", "invert": false,
     "pattern": {"Regex": "\\p{N}{1,3}"}},
    {"type": "Split", "behavior": "Isolated", "invert": false,
     "pattern": {"Regex": "[一-龥぀-ゟ゠-ヿ]+"}},
    {"type": "Split", "behavior": "Isolated", "invert": false,
     "pattern": {"Regex": "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"}},
    {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}
  ]
})json";

std::string Show(const Value& value) {
  constexpr size_t kShown = 200;
  std::string text = json::Dump(value, json::Style::kPython);
  return text.size() <= kShown ? text : text.substr(0, kShown) + "…";
}

Status Differs(std::string_view path, std::string_view expected, const Value& found) {
  return Unsupported("{}: found {}, expected {}", path, Show(found), expected);
}

// The file's member at `path` means the same as `expected`: the same values and, in objects, no
// other members but trim_offsets.
Status ExpectSame(const std::string& path, const Value& expected, const Value& found) {
  if (expected.is_object() && found.is_object()) {
    for (const json::Member& member : found.object()) {
      if (!expected.object().Has(member.key) && member.key != "trim_offsets") {
        return Unsupported("{}.{}: unknown option", path, member.key);
      }
    }
    for (const json::Member& member : expected.object()) {
      const std::string inner = fmt::format("{}.{}", path, member.key);
      const Value* value = found.Find(member.key);
      if (value == nullptr) {
        return Unsupported("{}: missing, expected {}", inner, Show(member.value));
      }
      FATHOM_RETURN_IF_ERROR(ExpectSame(inner, member.value, *value));
    }
    return {};
  }
  if (expected.is_array() && found.is_array()) {
    const size_t size = expected.array().size();
    if (found.array().size() != size) {
      return Unsupported("{}: found {} entries, expected {}", path, found.array().size(), size);
    }
    for (size_t i = 0; i < size; ++i) {
      FATHOM_RETURN_IF_ERROR(
          ExpectSame(fmt::format("{}[{}]", path, i), expected.array()[i], found.array()[i]));
    }
    return {};
  }
  return expected == found ? Status() : Differs(path, Show(expected), found);
}

Status CheckPreTokenizer(const Value& found) {
  auto expected = json::Parse(kPreTokenizer);
  FATHOM_CHECK(expected.ok(), "{}", expected.status().message());
  return ExpectSame("pre_tokenizer", *expected, found);
}

// The text is used as it is.
Status CheckNormalizer(const Value& found) {
  if (found.is_null()) return {};
  const Value* type = found.Find("type");
  const Value* list = found.Find("normalizers");
  const bool identity =
      type != nullptr && *type == Value("Sequence") && list != nullptr && *list == json::Array();
  return identity ? Status() : Differs("normalizer", "null or an empty Sequence", found);
}

// ByteLevel: bytes are spelled as characters. Its options concern positions alone.
Status CheckByteLevel(std::string_view field, bool may_be_null, const Value& found) {
  if (may_be_null && found.is_null()) return {};
  const Value* type = found.Find("type");
  if (type != nullptr && *type == Value("ByteLevel")) return {};
  return Differs(field, may_be_null ? "null or type ByteLevel" : "type ByteLevel", found);
}

Status CheckNull(std::string_view field, const Value& found) {
  return found.is_null() ? Status() : Differs(field, "null", found);
}

// Where the bulky members begin, to be read once all of the file is known.
struct Bulk {
  std::optional<Cursor> vocab;
  std::optional<Cursor> merges;
};

// The values of an option of the model that change nothing.
struct NeutralOption {
  std::string_view name;
  std::vector<Value> values;
};

const std::vector<NeutralOption>& NeutralOptions() {
  static const std::vector<NeutralOption> options = {
      {"type", {"BPE"}},
      {"dropout", {nullptr, 0.0}},
      {"unk_token", {nullptr}},
      {"continuing_subword_prefix", {nullptr, ""}},
      {"end_of_word_suffix", {nullptr, ""}},
      {"fuse_unk", {nullptr, false}},
      {"byte_fallback", {nullptr, false}},
      {"ignore_merges", {nullptr, false}},
  };
  return options;
}

Status CheckModelOption(std::string_view name, const Value& found) {
  for (const NeutralOption& option : NeutralOptions()) {
    if (option.name != name) continue;
    std::string expected;
    for (const Value& value : option.values) {
      if (found == value) return {};
      expected += (expected.empty() ? "" : " or ") + Show(value);
    }
    return Differs(fmt::format("model.{}", name), expected, found);
  }
  return Unsupported("model.{}: unknown option", name);
}

Status ReadModel(Cursor* at, Bulk* bulk) {
  bool typed = false;
  std::set<std::string> seen;
  std::string_view key;
  at->BeginObject();
  while (at->NextMember(&key)) {
    const std::string name(key);
    if (!seen.insert(name).second) return InvalidArgument("model.{} stands twice", name);
    if (name == "vocab" || name == "merges") {
      (name == "vocab" ? bulk->vocab : bulk->merges) = *at;
      at->Skip();
      continue;
    }
    Value value;
    if (!at->Read(&value)) break;
    FATHOM_RETURN_IF_ERROR(CheckModelOption(name, value));
    typed |= name == "type";
  }
  FATHOM_RETURN_IF_ERROR(at->status().At("model"));
  if (!typed) return InvalidArgument("model.type: missing, expected \"BPE\"");
  if (!bulk->vocab) return InvalidArgument("model.vocab: missing");
  if (!bulk->merges) return InvalidArgument("model.merges: missing");
  return {};
}

// Everything but the bulk: checks it, and leaves the added tokens and the places of the bulk.
Status ReadTopLevel(Cursor* at, Bulk* bulk, Value* added_tokens) {
  std::set<std::string> seen;
  std::string_view key;
  at->BeginObject();
  while (at->NextMember(&key)) {
    const std::string name(key);
    if (!seen.insert(name).second) return InvalidArgument("{} stands twice", name);
    if (name == "model") {
      FATHOM_RETURN_IF_ERROR(ReadModel(at, bulk));
      continue;
    }
    Value value;
    if (!at->Read(&value)) break;
    Status status;
    if (name == "added_tokens") {
      *added_tokens = std::move(value);
    } else if (name == "normalizer") {
      status = CheckNormalizer(value);
    } else if (name == "pre_tokenizer") {
      status = CheckPreTokenizer(value);
    } else if (name == "post_processor") {
      status = CheckByteLevel(name, /*may_be_null=*/true, value);
    } else if (name == "decoder") {
      status = CheckByteLevel(name, /*may_be_null=*/false, value);
    } else if (name == "truncation" || name == "padding") {
      status = CheckNull(name, value);
    } else if (name == "version") {
      status = value == Value("1.0") ? Status() : Differs(name, "\"1.0\"", value);
    } else {
      status = Unsupported("{}: unknown field", name);
    }
    FATHOM_RETURN_IF_ERROR(status);
  }
  at->End();
  FATHOM_RETURN_IF_ERROR(at->status());
  for (const char* required : {"pre_tokenizer", "decoder", "model"}) {
    if (!seen.contains(required)) return InvalidArgument("{}: missing", required);
  }
  return {};
}

// Added tokens come first: what the vocabulary repeats of them (ids 0 to 2) is spelled as it is
// read, not in the byte alphabet.
Status ReadAddedTokens(const Value& list, TokenizerParts* parts) {
  if (list.is_null()) return {};
  if (!list.is_array()) return json::WrongKind("added_tokens", "array", list);
  for (size_t i = 0; i < list.array().size(); ++i) {
    const std::string path = fmt::format("added_tokens[{}]", i);
    FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(list.array()[i], path));
    const json::FieldReader fields(*object, path);
    FATHOM_ASSIGN_OR_RETURN(const int64_t id, fields.Int("id", 0, Vocabulary::kIdLimit - 1));
    FATHOM_ASSIGN_OR_RETURN(const std::string content, fields.String("content"));
    FATHOM_ASSIGN_OR_RETURN(const bool special, fields.BoolOr("special", false));
    FATHOM_ASSIGN_OR_RETURN(const bool normalized, fields.BoolOr("normalized", !special));
    for (const char* option : {"single_word", "lstrip", "rstrip"}) {
      FATHOM_ASSIGN_OR_RETURN(const bool on, fields.BoolOr(option, false));
      if (on) return Unsupported("{}: found true, expected false", fields.PathOf(option));
    }
    // Decoding reads every token as spelled bytes if it can be; "é" would come out as 0xE9.
    std::string decoded;
    if (AppendSpelledBytes(content, &decoded) && decoded != content) {
      return Unsupported("{}.content: {} would decode as {}", path, QuoteToken(content),
                         QuoteToken(decoded));
    }
    const TokenKind kind = special ? TokenKind::kSpecial : TokenKind::kAdded;
    const auto token = static_cast<int32_t>(id);
    FATHOM_RETURN_IF_ERROR(parts->vocabulary.Add(token, content, kind).At(path));
    (normalized ? parts->normalized_tokens : parts->raw_tokens).Add(content, token);
  }
  return {};
}

Status ReadVocab(Cursor at, Vocabulary* vocabulary) {
  std::string_view key;
  std::string bytes;
  at.BeginObject();
  while (at.NextMember(&key)) {
    bytes.clear();
    const bool spelled = AppendSpelledBytes(key, &bytes);
    if (!spelled) bytes = key;
    int64_t id = 0;
    if (!at.Int(&id)) break;
    const bool known = id <= Vocabulary::kIdLimit && vocabulary->IsAdded(static_cast<int32_t>(id));
    if (known && vocabulary->Bytes(static_cast<int32_t>(id)) == bytes) continue;
    if (!spelled) {
      return Unsupported(
          "model.vocab: {} is neither spelled in the byte-level alphabet nor an "
          "added token",
          QuoteToken(bytes));
    }
    FATHOM_RETURN_IF_ERROR(vocabulary->Add(id, bytes, TokenKind::kOrdinary).At("model.vocab"));
  }
  return at.status().At("model.vocab");
}

// "left right", or ["left", "right"]: appends both sides' bytes, and says how long the first is.
Status ReadMerge(Cursor* at, std::string* bytes, size_t* left_size) {
  const auto take = [&](std::string_view side) {
    if (AppendSpelledBytes(side, bytes)) return Status();
    return Unsupported("{} is not spelled in the byte-level alphabet", QuoteToken(side));
  };
  std::string_view text;
  if (at->NextKind() == json::Kind::kString) {
    if (!at->String(&text)) return at->status();
    const size_t space = text.find(' ');
    if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos) {
      return InvalidArgument("found {}, expected two tokens with one space between",
                             QuoteToken(text));
    }
    FATHOM_RETURN_IF_ERROR(take(text.substr(0, space)));
    *left_size = bytes->size();
    return take(text.substr(space + 1));
  }
  at->BeginArray();
  size_t count = 0;
  for (; at->NextElement(); ++count) {
    if (!at->String(&text)) break;
    FATHOM_RETURN_IF_ERROR(take(text));
    if (count == 0) *left_size = bytes->size();
  }
  FATHOM_RETURN_IF_ERROR(at->status());
  if (count != 2) return InvalidArgument("found {} tokens, expected 2", count);
  return {};
}

Status ReadMerges(Cursor at, TokenizerParts* parts) {
  const Vocabulary& vocabulary = parts->vocabulary;
  std::string bytes;
  at.BeginArray();
  while (at.NextElement()) {
    const auto place = [&] { return fmt::format("model.merges[{}]", parts->merges.size()); };
    bytes.clear();
    size_t left_size = 0;
    if (Status status = ReadMerge(&at, &bytes, &left_size); !status.ok()) {
      return status.At(place());
    }
    const std::string_view whole = bytes;
    const auto find = [&](std::string_view token) -> Result<int32_t> {
      if (const auto id = vocabulary.Find(token)) return *id;
      return InvalidArgument("{}: {} is not in the vocabulary", place(), QuoteToken(token));
    };
    FATHOM_ASSIGN_OR_RETURN(const int32_t left, find(whole.substr(0, left_size)));
    FATHOM_ASSIGN_OR_RETURN(const int32_t right, find(whole.substr(left_size)));
    // Training gives the results ids in the order of the merges, which saves one look-up of three
    // (DeepSeek-V3's file: 57 ms for its merges without, 44 with).
    const int32_t next = parts->merges.empty() ? -1 : parts->merges.back().result + 1;
    if (vocabulary.Bytes(next) == whole) {
      parts->merges.push_back({left, right, next});
      continue;
    }
    FATHOM_ASSIGN_OR_RETURN(const int32_t result, find(whole));
    parts->merges.push_back({left, right, result});
  }
  return at.status().At("model.merges");
}

}  // namespace

Result<Tokenizer> Tokenizer::FromJson(std::string_view text) {
  Cursor at(text);
  Bulk bulk;
  Value added_tokens;
  FATHOM_RETURN_IF_ERROR(ReadTopLevel(&at, &bulk, &added_tokens));
  TokenizerParts parts;
  // DeepSeek-V3's file has 49 bytes a token, its merge included.
  parts.vocabulary.Reserve(text.size() / 48);
  FATHOM_RETURN_IF_ERROR(ReadAddedTokens(added_tokens, &parts));
  FATHOM_RETURN_IF_ERROR(ReadVocab(*bulk.vocab, &parts.vocabulary));
  FATHOM_RETURN_IF_ERROR(ReadMerges(*bulk.merges, &parts));
  return Make(std::move(parts));
}

Result<Tokenizer> Tokenizer::Load(const std::string& path) {
  FATHOM_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::Open(path));
  Result<Tokenizer> tokenizer = FromJson(file.text());
  if (!tokenizer.ok()) return tokenizer.status().At(path);
  return tokenizer;
}

}  // namespace fathom
