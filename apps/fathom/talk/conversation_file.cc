#include "talk/conversation_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "json/parse.h"
#include "json/write.h"

namespace fathom {

Status SaveConversation(const Transcript& transcript, const std::string& path, Existing existing) {
  const std::string text = json::Dump(transcript.ToJson(), json::Style::kPython) + "\n";
  FATHOM_ASSIGN_OR_RETURN(const bool saved, WriteFile(path, text, existing));
  if (saved) return {};
  return InvalidArgument("{} exists; /save! {} overwrites it", path, path);
}

Result<Transcript> LoadConversation(const std::string& path) {
  // A pipe would be waited for, and a device never ends.
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0) return NotFound("{}: {}", path, std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return InvalidArgument("{}: is no regular file", path);
  json::ParseOptions options;
  options.max_bytes = kMaxConversationBytes;
  FATHOM_ASSIGN_OR_RETURN(const json::Value value, json::ParseFile(path, options));
  Result<Transcript> transcript = Transcript::FromJson(value);
  if (!transcript.ok()) return transcript.status().At(path);
  return transcript;
}

std::string ExpandHome(std::string_view path) {
  const char* home = std::getenv("HOME");
  if (!path.starts_with("~/") || home == nullptr) return std::string(path);
  return std::string(home) + std::string(path.substr(1));
}

}  // namespace fathom
