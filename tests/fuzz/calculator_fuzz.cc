// Any bytes give a value or a message, and a value is an expression of itself.
#include <cstddef>
#include <cstdint>

#include "agent/calculator.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view expression(reinterpret_cast<const char*>(data), size);
  const fathom::Result<std::string> value = fathom::Calculate(expression);
  if (!value.ok()) {
    FATHOM_CHECK(!value.status().message().empty(), "a failure without a message");
    return 0;
  }
  const fathom::Result<std::string> again = fathom::Calculate(*value);
  FATHOM_CHECK(again.ok() && *again == *value, "{} became {}", *value,
               again.ok() ? *again : again.status().message());
  return 0;
}
