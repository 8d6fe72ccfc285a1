// Many requests as JSON lines: several run at once, answers come out in the order of the requests.
#pragma once

#include <cstdio>
#include <istream>

#include "base/status.h"
#include "session.h"

namespace fathom {

// A bad line gets an error line and changes nothing else. Ctrl-C ends the program.
Result<int> RunJsonLines(Session& session, const SamplingParams& defaults, int64_t parallel,
                         std::istream& in, FILE* out);

}  // namespace fathom
