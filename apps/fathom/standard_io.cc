#include "standard_io.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>

namespace fathom {

Result<std::string> ReadStandardInput(size_t limit) {
  std::string text;
  char buffer[1 << 16];
  while (const size_t got = std::fread(buffer, 1, sizeof buffer, stdin)) {
    text.append(buffer, got);
    if (text.size() > limit) {
      return ResourceExhausted("standard input: more than the limit of {} bytes", limit);
    }
  }
  if (std::ferror(stdin) != 0) return Internal("standard input: {}", std::strerror(errno));
  return text;
}

Status WriteStandardOutput(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    return Internal("standard output: {}", std::strerror(errno));
  }
  return {};
}

Status AnswerLines(const std::function<std::string(std::string_view)>& answer) {
  return AnswerLines(std::cin, "standard input", answer);
}

Status AnswerLines(std::istream& input, std::string_view name,
                   const std::function<std::string(std::string_view)>& answer) {
  for (std::string line; std::getline(input, line);) {
    FATHOM_RETURN_IF_ERROR(WriteStandardOutput(answer(line) + "\n"));
  }
  if (input.bad()) return Internal("{}: {}", name, std::strerror(errno));
  return {};
}

}  // namespace fathom
