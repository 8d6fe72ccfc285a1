// What of this machine the process may use.
#pragma once

namespace fathom {

// Cores this process may run on: its affinity mask, cut by the CPU quota of its control group
// (rounded up). At least 1. Read anew at each call.
int UsableCores();

}  // namespace fathom
