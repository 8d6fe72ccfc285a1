// fathom_tokenizer and fathom_decoder.
#include <sys/stat.h>

#include <limits>
#include <utility>

#include "capi/boundary.h"
#include "capi/handles.h"

namespace fathom::capi {
namespace {

bool IsFolder(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

Status CheckId(const Tokenizer& tokenizer, int32_t id) {
  if (tokenizer.vocabulary().Has(id)) return {};
  return InvalidArgument("no token has the id {}", id);
}

}  // namespace
}  // namespace fathom::capi

using namespace fathom;
using namespace fathom::capi;

extern "C" {

fathom_code fathom_tokenizer_open(const char* path, size_t path_size, fathom_tokenizer** out) {
  if (out != nullptr) *out = nullptr;
  return Boundary([&]() -> Status {
    FATHOM_RETURN_IF_ERROR(CheckNotNull(out, "out"));
    FATHOM_ASSIGN_OR_RETURN(std::string file, PathOf(path, path_size, "path"));
    if (IsFolder(file)) file += "/tokenizer.json";
    FATHOM_ASSIGN_OR_RETURN(Tokenizer tokenizer, Tokenizer::Load(file));
    *out = new fathom_tokenizer{std::make_shared<const Tokenizer>(std::move(tokenizer))};
    return {};
  });
}

void fathom_tokenizer_free(fathom_tokenizer* tokenizer) { delete tokenizer; }

fathom_code fathom_tokenizer_encode(const fathom_tokenizer* tokenizer, const char* text,
                                    size_t text_size, int allow_special, fathom_tokens* out) {
  if (out != nullptr) *out = {nullptr, 0};
  return Boundary([&]() -> Status {
    FATHOM_RETURN_IF_ERROR(CheckNotNull(tokenizer, "tokenizer"));
    FATHOM_RETURN_IF_ERROR(CheckNotNull(out, "out"));
    FATHOM_ASSIGN_OR_RETURN(const std::string_view view, TextOf(text, text_size, "text"));
    constexpr size_t kLongest = std::numeric_limits<uint32_t>::max();
    if (view.size() > kLongest) {
      return InvalidArgument("text: {} bytes, at most {} can be encoded", view.size(), kLongest);
    }
    const auto allow = allow_special != 0 ? AllowSpecial::kYes : AllowSpecial::kNo;
    *out = NewTokens(tokenizer->tokenizer->Encode(view, allow));
    return {};
  });
}

fathom_code fathom_tokenizer_decode(const fathom_tokenizer* tokenizer, const int32_t* ids,
                                    size_t count, fathom_string* out) {
  if (out != nullptr) *out = {nullptr, 0};
  return Boundary([&]() -> Status {
    FATHOM_RETURN_IF_ERROR(CheckNotNull(tokenizer, "tokenizer"));
    FATHOM_RETURN_IF_ERROR(CheckNotNull(out, "out"));
    if (count > 0) FATHOM_RETURN_IF_ERROR(CheckNotNull(ids, "ids"));
    if (count > static_cast<size_t>(PTRDIFF_MAX) / sizeof(int32_t)) {
      return InvalidArgument("count: {} is no number of ids", count);
    }
    FATHOM_ASSIGN_OR_RETURN(const std::string text, tokenizer->tokenizer->Decode({ids, count}));
    *out = NewString(text);
    return {};
  });
}

fathom_code fathom_tokenizer_token_id(const fathom_tokenizer* tokenizer, const char* bytes,
                                      size_t size, int32_t* out) {
  if (out != nullptr) *out = -1;
  return Boundary([&]() -> Status {
    FATHOM_RETURN_IF_ERROR(CheckNotNull(tokenizer, "tokenizer"));
    FATHOM_RETURN_IF_ERROR(CheckNotNull(out, "out"));
    FATHOM_ASSIGN_OR_RETURN(const std::string_view view, TextOf(bytes, size, "bytes"));
    const auto id = tokenizer->tokenizer->TokenId(view);
    if (!id) return NotFound("no token consists of these {} bytes", view.size());
    *out = *id;
    return {};
  });
}

int32_t fathom_tokenizer_id_limit(const fathom_tokenizer* tokenizer) {
  return tokenizer == nullptr ? 0 : tokenizer->tokenizer->vocabulary().id_limit();
}

fathom_code fathom_decoder_new(const fathom_tokenizer* tokenizer, fathom_decoder** out) {
  if (out != nullptr) *out = nullptr;
  return Boundary([&]() -> Status {
    FATHOM_RETURN_IF_ERROR(CheckNotNull(tokenizer, "tokenizer"));
    FATHOM_RETURN_IF_ERROR(CheckNotNull(out, "out"));
    *out =
        new fathom_decoder{tokenizer->tokenizer, StreamDecoder(tokenizer->tokenizer->vocabulary())};
    return {};
  });
}

void fathom_decoder_free(fathom_decoder* decoder) { delete decoder; }

fathom_code fathom_decoder_push(fathom_decoder* decoder, int32_t id, fathom_string* out) {
  if (out != nullptr) *out = {nullptr, 0};
  return Boundary([&]() -> Status {
    FATHOM_RETURN_IF_ERROR(CheckNotNull(decoder, "decoder"));
    FATHOM_RETURN_IF_ERROR(CheckNotNull(out, "out"));
    FATHOM_RETURN_IF_ERROR(CheckId(*decoder->tokenizer, id));
    *out = NewString(decoder->decoder.Push(id));
    return {};
  });
}

fathom_code fathom_decoder_flush(fathom_decoder* decoder, fathom_string* out) {
  if (out != nullptr) *out = {nullptr, 0};
  return Boundary([&]() -> Status {
    FATHOM_RETURN_IF_ERROR(CheckNotNull(decoder, "decoder"));
    FATHOM_RETURN_IF_ERROR(CheckNotNull(out, "out"));
    *out = NewString(decoder->decoder.Flush());
    return {};
  });
}

}  // extern "C"
