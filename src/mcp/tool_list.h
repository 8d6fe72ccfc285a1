// The tools of a server, as far as they can be used here: bounded in number and size, with the
// reason for each that is left out.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/patience.h"
#include "base/status.h"
#include "json/value.h"
#include "mcp/session.h"

namespace fathom::mcp {

inline constexpr size_t kMaxTools = 256;           // of one server
inline constexpr size_t kMaxListedTools = 10'000;  // that are looked at, for those that are wanted
inline constexpr int kMaxPages = 100;
inline constexpr size_t kMaxRemoteNameBytes = 256;
inline constexpr size_t kMaxDescriptionBytes = 4 << 10;  // longer ones are cut
inline constexpr size_t kMaxSchemaBytes = 64 << 10;
inline constexpr size_t kMaxAllSchemaBytes = 1 << 20;  // of one server

struct ToolInfo {
  std::string name;  // what the server calls it
  std::string description;
  json::Value schema;  // of its arguments; an object
};

struct ToolList {
  std::vector<ToolInfo> tools;     // names are different
  std::vector<std::string> notes;  // what was left out and why; for people, of any characters
};

using WantedTools = std::optional<std::vector<std::string>>;

class ToolListReader {
 public:
  // `wanted`: the only ones to take; null for all.
  explicit ToolListReader(WantedTools wanted) : wanted_(std::move(wanted)) {}

  // The result of one tools/list. Gives the cursor of the next page, or none at the end. Errors:
  // what is no such result, and a list without an end.
  Result<std::optional<std::string>> AddPage(const json::Value& result);
  ToolList Finish() &&;

 private:
  void AddTool(const json::Value& tool);
  void LeaveOut(const std::string& name, const std::string& why);
  bool Wants(const std::string& name) const;

  WantedTools wanted_;
  ToolList list_;
  int pages_ = 0;
  size_t seen_ = 0, schema_bytes_ = 0, left_out_ = 0, too_many_ = 0;
};

// Asks for all pages. A server without tools has none.
Result<ToolList> ListTools(Session& session, const WantedTools& wanted, const Patience& patience);

}  // namespace fathom::mcp
