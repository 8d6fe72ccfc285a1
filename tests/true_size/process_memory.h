// What the system says of this process's memory.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>

#include "base/check.h"

namespace fathom::true_size {

// A line of /proc/self/status in bytes: "RssAnon" is memory of its own, "VmHWM" the most that was
// ever resident, mapped files included.
inline int64_t ProcessMemory(const std::string& line) {
  std::ifstream file("/proc/self/status");
  std::string name;
  while (file >> name) {
    int64_t kibibytes = 0;
    if (name == line + ":" && file >> kibibytes) return kibibytes * 1024;
    file.clear();
    std::getline(file, name);
  }
  FATHOM_CHECK(false, "/proc/self/status has no {}", line);
}

}  // namespace fathom::true_size
