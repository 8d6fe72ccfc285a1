// How far long work over many bytes has come.
#pragma once

#include <cstdint>
#include <functional>

#include "base/status.h"

namespace fathom {

// Called with the bytes done so far, every few MiB. A failed Status (someone pressed Ctrl-C) ends
// the work, which returns it.
using ByteProgress = std::function<Status(int64_t done_bytes)>;

}  // namespace fathom
