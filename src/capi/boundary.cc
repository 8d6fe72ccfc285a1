#include "capi/boundary.h"

#include <cstdint>
#include <cstdlib>

#include "base/utf8.h"

namespace fathom::capi {
namespace {

struct LastError {
  std::string text;
  std::string type;
  const char* fixed = nullptr;  // in place of `text`, when there was no memory for one
};

LastError& Last() {
  static thread_local LastError last;
  return last;
}

// Codes are the same numbers on both sides; the compiler checks it here.
static_assert(int(Code::kOk) == FATHOM_OK && int(Code::kInvalidArgument) == 1 &&
              int(Code::kInvalidArgument) == FATHOM_INVALID_ARGUMENT &&
              int(Code::kNotFound) == FATHOM_NOT_FOUND &&
              int(Code::kUnsupported) == FATHOM_UNSUPPORTED &&
              int(Code::kResourceExhausted) == FATHOM_RESOURCE_EXHAUSTED &&
              int(Code::kDataLoss) == FATHOM_DATA_LOSS &&
              int(Code::kCancelled) == FATHOM_CANCELLED && int(Code::kInternal) == FATHOM_INTERNAL);

void* Allocate(size_t bytes) {
  void* memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void ClearError() {
  Last().text.clear();
  Last().type.clear();
  Last().fixed = nullptr;
}

fathom_code FailOutOfMemory() noexcept {
  Last().type.clear();
  Last().fixed = "out of memory";
  return FATHOM_OUT_OF_MEMORY;
}

fathom_code Fail(const Status& status) noexcept {
  try {
    Last().text = status.message();
  } catch (const std::bad_alloc&) {
    return FailOutOfMemory();
  }
  return static_cast<fathom_code>(status.code());
}

Status RaisedInPython(const chat::PythonError& error) {
  Last().type = chat::Name(error.type);
  return {Code::kInvalidArgument, error.message};
}

Status CheckNotNull(const void* pointer, std::string_view name) {
  return pointer == nullptr ? InvalidArgument("{} is null", name) : Status();
}

Result<std::string_view> TextOf(const char* data, size_t size, std::string_view name) {
  if (data == nullptr && size == 0) return std::string_view();
  FATHOM_RETURN_IF_ERROR(CheckNotNull(data, name));
  if (size == FATHOM_NUL_TERMINATED) return std::string_view(data);
  if (size > static_cast<size_t>(PTRDIFF_MAX)) {
    return InvalidArgument("{}: its size, {}, is no size of text", name, size);
  }
  return std::string_view(data, size);
}

Result<std::string> PathOf(const char* data, size_t size, std::string_view name) {
  FATHOM_RETURN_IF_ERROR(CheckNotNull(data, name));
  FATHOM_ASSIGN_OR_RETURN(const std::string_view path, TextOf(data, size, name));
  if (path.empty()) return InvalidArgument("{} is empty", name);
  if (path.find('\0') != std::string_view::npos) {
    return InvalidArgument("{}: has a zero byte", name);
  }
  if (!IsValidUtf8(path)) return InvalidArgument("{}: is not UTF-8", name);
  return std::string(path);
}

fathom_string NewString(std::string_view text) {
  auto* data = static_cast<char*>(Allocate(text.size() + 1));
  std::memcpy(data, text.data(), text.size());
  data[text.size()] = '\0';
  return {data, text.size()};
}

fathom_tokens NewTokens(std::span<const int32_t> tokens) {
  if (tokens.empty()) return {nullptr, 0};
  auto* data = static_cast<int32_t*>(Allocate(tokens.size_bytes()));
  std::memcpy(data, tokens.data(), tokens.size_bytes());
  return {data, tokens.size()};
}

Status CheckSize(size_t size, size_t first_size, std::string_view name) {
  constexpr size_t kLargest = 4096;  // no version's struct will come near
  if (size >= first_size && size <= kLargest) return {};
  return InvalidArgument(
      "{}: struct_size is {}, expected {} or what a newer version has; set it to sizeof", name,
      size, first_size);
}

Status CheckUnknownMembers(const void* given, size_t known, size_t size, std::string_view name) {
  const auto* bytes = static_cast<const char*>(given);
  for (size_t i = known; i < size; ++i) {
    if (bytes[i] != 0) {
      return Unsupported("{}: sets a member that version {} does not have", name, fathom_version());
    }
  }
  return {};
}

}  // namespace fathom::capi

extern "C" {

const char* fathom_version(void) { return FATHOM_VERSION; }

const char* fathom_code_name(int code) {
  if (code == FATHOM_OUT_OF_MEMORY) return "out of memory";
  if (code < FATHOM_OK || code > FATHOM_OUT_OF_MEMORY) return "unknown code";
  return fathom::CodeName(static_cast<fathom::Code>(code)).data();  // of a literal
}

const char* fathom_last_error(void) {
  const auto& last = fathom::capi::Last();
  return last.fixed != nullptr ? last.fixed : last.text.c_str();
}

const char* fathom_last_error_type(void) { return fathom::capi::Last().type.c_str(); }

void fathom_string_free(fathom_string* string) {
  if (string == nullptr) return;
  std::free(string->data);
  *string = {nullptr, 0};
}

void fathom_tokens_free(fathom_tokens* tokens) {
  if (tokens == nullptr) return;
  std::free(tokens->data);
  *tokens = {nullptr, 0};
}

}  // extern "C"
