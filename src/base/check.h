// Broken invariants of our own stop the program with their place; bad input never gets here.
//
//   FATHOM_CHECK(id < size, "page {} of {}", id, size);   always on
//   FATHOM_DCHECK(...)                                    hot loops: only with FATHOM_DCHECKS
#pragma once

#include <fmt/core.h>

#include <string>

namespace fathom {

// Prints "file:line: check failed: condition: message" to standard error and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              const std::string& message);

}  // namespace fathom

#define FATHOM_CHECK(condition, ...)                                                     \
  do {                                                                                   \
    if (!(condition)) [[unlikely]] {                                                     \
      ::fathom::CheckFailed(__FILE__, __LINE__, #condition, ::fmt::format(__VA_ARGS__)); \
    }                                                                                    \
  } while (false)

#if defined(FATHOM_DCHECKS)
#define FATHOM_DCHECK(...) FATHOM_CHECK(__VA_ARGS__)
#else
#define FATHOM_DCHECK(...) \
  do {                     \
  } while (false)
#endif
