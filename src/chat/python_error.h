// What the official Python code raises, carried as a value.
//
// Servers and tests of the official encoder know its refusals by exception name and text, so a
// refusal here is that pair and nothing else.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/status.h"

namespace fathom::chat {

enum class ErrorType {
  kAssertionError,
  kNotImplementedError,
  kJSONDecodeError,
  kTypeError,
  kAttributeError,
  kKeyError,
};

// "AssertionError" and so on.
std::string_view Name(ErrorType type);

struct PythonError {
  ErrorType type = ErrorType::kAssertionError;
  std::string message;  // str(exception); empty for a bare assert

  // "AssertionError: Unknown role: x" as an invalid argument.
  Status ToStatus() const;
  bool operator==(const PythonError&) const = default;
};

// A T, or what Python raises instead.
template <typename T>
class [[nodiscard]] Outcome {
 public:
  Outcome(T value) : held_(std::move(value)) {}
  Outcome(PythonError error) : held_(std::move(error)) {}

  bool ok() const { return std::holds_alternative<T>(held_); }
  const PythonError& error() const { return std::get<PythonError>(held_); }
  T& operator*() { return std::get<T>(held_); }
  const T& operator*() const { return std::get<T>(held_); }
  T* operator->() { return &std::get<T>(held_); }
  const T* operator->() const { return &std::get<T>(held_); }

  // For callers that print one line and have no use for the exception's name on its own.
  Result<T> ToResult() && {
    if (!ok()) return error().ToStatus();
    return std::get<T>(std::move(held_));
  }

 private:
  std::variant<T, PythonError> held_;
};

}  // namespace fathom::chat
