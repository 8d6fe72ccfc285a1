// Where C ends and C++ begins: every function of the API runs its body in Boundary, which turns a
// Status, or whatever was thrown, into a code and the thread's last error. Strings, lists and
// sized structs cross by the functions below.
#pragma once

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/status.h"
#include "capi/fathom.h"
#include "chat/python_error.h"

namespace fathom::capi {

void ClearError();
// Each records the thread's last error and returns its code.
fathom_code Fail(const Status& status) noexcept;
fathom_code FailOutOfMemory() noexcept;

// The Status of a Python exception; its name becomes the thread's fathom_last_error_type.
Status RaisedInPython(const chat::PythonError& error);

// `body` returns a Status.
template <typename Body>
fathom_code Boundary(Body&& body) noexcept {
  ClearError();
  try {
    const Status status = body();
    return status.ok() ? FATHOM_OK : Fail(status);
  } catch (const std::bad_alloc&) {
    return FailOutOfMemory();
  } catch (const std::length_error&) {
    return FailOutOfMemory();
  } catch (const std::exception& error) {
    return Fail(Status(Code::kInternal, error.what()));
  } catch (...) {
    return Fail(Status(Code::kInternal, "an unknown exception"));
  }
}

// "NAME is null" where it is.
Status CheckNotNull(const void* pointer, std::string_view name);

// Text as it was given; null is empty when its size is 0.
Result<std::string_view> TextOf(const char* data, size_t size, std::string_view name);
// The same for a path: not empty, UTF-8, without a zero byte.
Result<std::string> PathOf(const char* data, size_t size, std::string_view name);

// Copies for the caller. They throw std::bad_alloc.
fathom_string NewString(std::string_view text);
fathom_tokens NewTokens(std::span<const int32_t> tokens);

// A struct that a caller filled, in this library's form. A shorter one, of an older version, counts
// as zero where it ends; a longer one, of a newer version, is refused where it sets something that
// is not known here. `first_size` is its size in the first version; once a member is added, that
// stays the number it was.
Status CheckSize(size_t size, size_t first_size, std::string_view name);
Status CheckUnknownMembers(const void* given, size_t known, size_t size, std::string_view name);

template <typename T>
Result<T> ReadSized(const T* given, size_t first_size, std::string_view name) {
  const size_t size = given->struct_size;
  FATHOM_RETURN_IF_ERROR(CheckSize(size, first_size, name));
  FATHOM_RETURN_IF_ERROR(CheckUnknownMembers(given, sizeof(T), size, name));
  T read{};
  std::memcpy(&read, given, std::min(sizeof(T), size));
  return read;
}

// Writes `value` into a struct of the caller as far as both versions go; what the caller knows
// beyond that becomes zero. struct_size stays the caller's.
template <typename T>
Status WriteSized(const T& value, size_t first_size, std::string_view name, T* out) {
  const size_t size = out->struct_size;
  FATHOM_RETURN_IF_ERROR(CheckSize(size, first_size, name));
  std::memset(static_cast<void*>(out), 0, size);
  std::memcpy(static_cast<void*>(out), &value, std::min(sizeof(T), size));
  out->struct_size = size;
  return {};
}

}  // namespace fathom::capi
