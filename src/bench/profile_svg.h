// A picture of profiles: one bar an operation, with its share, its time and how near it comes to
// the machine's limits. Self-contained, without scripts, readable on light and dark pages.
#pragma once

#include <string>

#include "bench/report.h"

namespace fathom {

// Of a report that has profiles.
std::string ProfileSvg(const BenchReport& report);

// `text` as it may stand in XML: escaped, without control characters and invalid UTF-8.
std::string XmlText(std::string_view text);

}  // namespace fathom
