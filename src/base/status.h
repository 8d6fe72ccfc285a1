// Failure as a value: Status and Result<T>.
//
// Whatever the outside world can cause (files, requests, memory, hardware) comes back as a Status
// with a code the caller can act on and a message a user can act on: what was found, what was
// expected, where. Outer layers add the place with Status::At. Broken invariants of our own are
// not Statuses; see base/check.h.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace fathom {

enum class Code {
  kOk,
  kInvalidArgument,    // the caller's input is wrong, and the message says how
  kNotFound,           // a file, tensor or name that should exist does not
  kUnsupported,        // well formed, but nothing here can run it
  kResourceExhausted,  // memory, disk or a limit; the message holds the numbers
  kDataLoss,           // stored data is damaged: truncated, NaN, overlapping
  kCancelled,          // asked to stop
  kInternal,           // the operating system refused something that should work
};

// "invalid argument" and so on, for logs.
std::string_view CodeName(Code code);

class [[nodiscard]] Status {
 public:
  Status() = default;  // ok
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same failure with "place: " before its message; ok stays ok.
  Status At(std::string_view place) const {
    return ok() ? *this : Status(code_, fmt::format("{}: {}", place, message_));
  }

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

template <typename... Args>
Status InvalidArgument(fmt::format_string<Args...> format, Args&&... args) {
  return {Code::kInvalidArgument, fmt::format(format, std::forward<Args>(args)...)};
}
template <typename... Args>
Status NotFound(fmt::format_string<Args...> format, Args&&... args) {
  return {Code::kNotFound, fmt::format(format, std::forward<Args>(args)...)};
}
template <typename... Args>
Status Unsupported(fmt::format_string<Args...> format, Args&&... args) {
  return {Code::kUnsupported, fmt::format(format, std::forward<Args>(args)...)};
}
template <typename... Args>
Status ResourceExhausted(fmt::format_string<Args...> format, Args&&... args) {
  return {Code::kResourceExhausted, fmt::format(format, std::forward<Args>(args)...)};
}
template <typename... Args>
Status DataLoss(fmt::format_string<Args...> format, Args&&... args) {
  return {Code::kDataLoss, fmt::format(format, std::forward<Args>(args)...)};
}
template <typename... Args>
Status Cancelled(fmt::format_string<Args...> format, Args&&... args) {
  return {Code::kCancelled, fmt::format(format, std::forward<Args>(args)...)};
}
template <typename... Args>
Status Internal(fmt::format_string<Args...> format, Args&&... args) {
  return {Code::kInternal, fmt::format(format, std::forward<Args>(args)...)};
}

// A T, or the Status that says why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::move(value)) {}
  Result(Status status) : held_(std::move(status)) {
    FATHOM_CHECK(!std::get<Status>(held_).ok(), "a Result needs a value or a failure");
  }

  bool ok() const { return std::holds_alternative<T>(held_); }
  Status status() const { return ok() ? Status() : std::get<Status>(held_); }

  // The value; stops the program when there is none.
  T& value() & {
    CheckOk();
    return std::get<T>(held_);
  }
  const T& value() const& {
    CheckOk();
    return std::get<T>(held_);
  }
  T&& value() && {
    CheckOk();
    return std::get<T>(std::move(held_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  void CheckOk() const {
    FATHOM_CHECK(ok(), "value of a failed Result: {}", std::get<Status>(held_).message());
  }

  std::variant<Status, T> held_;
};

}  // namespace fathom

#define FATHOM_CONCAT_INNER(a, b) a##b
#define FATHOM_CONCAT(a, b) FATHOM_CONCAT_INNER(a, b)

// Returns from the enclosing function when `expression` is a failed Status.
#define FATHOM_RETURN_IF_ERROR(expression)                                            \
  do {                                                                                \
    if (::fathom::Status status_or_failure = (expression); !status_or_failure.ok()) { \
      return status_or_failure;                                                       \
    }                                                                                 \
  } while (false)

// FATHOM_ASSIGN_OR_RETURN(Type name, expression): declares name from a Result, or returns its
// failure. `place` variants are not needed: write (expression), or handle the Result by hand.
#define FATHOM_ASSIGN_OR_RETURN(declaration, expression) \
  FATHOM_ASSIGN_OR_RETURN_INNER(FATHOM_CONCAT(result_, __LINE__), declaration, expression)
#define FATHOM_ASSIGN_OR_RETURN_INNER(result, declaration, expression) \
  auto result = (expression);                                          \
  if (!result.ok()) return result.status();                            \
  declaration = std::move(result).value()
