// Conversations kept in files.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "base/write_file.h"
#include "talk/transcript.h"

namespace fathom {

inline constexpr size_t kMaxConversationBytes = 64 << 20;

// Readable for its owner alone. With kKeep, a file that is there stays, and that is an error.
Status SaveConversation(const Transcript& transcript, const std::string& path, Existing existing);

Result<Transcript> LoadConversation(const std::string& path);

// "~/x" below the home folder; other paths stay as they are.
std::string ExpandHome(std::string_view path);

}  // namespace fathom
