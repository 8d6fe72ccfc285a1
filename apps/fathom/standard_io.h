// Standard input and output of commands that are filters.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

#include "base/status.h"

namespace fathom {

// All of standard input, at most `limit` bytes.
Result<std::string> ReadStandardInput(size_t limit);

// Writes `text` as it is and flushes.
Status WriteStandardOutput(std::string_view text);

// Answers each line of standard input with one line, before the next is read, so that two programs
// can talk line by line.
Status AnswerLines(const std::function<std::string(std::string_view)>& answer);
// The same for the lines of `input`, which `name` names in errors.
Status AnswerLines(std::istream& input, std::string_view name,
                   const std::function<std::string(std::string_view)>& answer);

}  // namespace fathom
