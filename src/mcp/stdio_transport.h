// A server that is a child process: a message a line, on its standard input and output.
//
// One thread starts the process, does everything with its pipes, and ends it. What the process
// writes to its standard error goes to the log, as do lines of its output that are no JSON: the
// protocol forbids them, and servers print them all the same.
#pragma once

#include <chrono>
#include <memory>

#include "mcp/config.h"
#include "mcp/transport.h"

namespace fathom::mcp {

struct StdioLimits {
  size_t line_bytes = size_t{4} << 20;    // of a message; a longer one ends the connection
  size_t queue_bytes = size_t{16} << 20;  // of what the server has not read yet
  std::chrono::milliseconds end{2'000};   // for each of the three ways of ending it
};

std::unique_ptr<Transport> MakeStdioTransport(StdioConfig config, StdioLimits limits = {});

}  // namespace fathom::mcp
