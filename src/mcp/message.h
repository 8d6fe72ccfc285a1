// The messages of JSON-RPC 2.0: text from a server, which may hold anything, to plain structs, and
// ours to text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "json/value.h"

namespace fathom::mcp {

// Of one message, or of one batch. A message is read whole before any of it counts.
inline constexpr size_t kMaxMessageBytes = size_t{4} << 20;
inline constexpr int kMaxMessageDepth = 128;
inline constexpr size_t kMaxBatch = 64;
// Of an error's text that is kept.
inline constexpr size_t kMaxErrorBytes = 4 << 10;

struct RpcError {
  int64_t code = 0;
  std::string message;
};

struct Message {
  enum class Kind {
    kRequest,       // method, params, id
    kNotification,  // method, params
    kResponse,      // id, and result or error
  };
  Kind kind = Kind::kNotification;
  json::Value id;  // string or integer; null in a response to what the server could not read
  std::string method;
  json::Value params;  // object, array or null
  json::Value result;
  std::optional<RpcError> error;
};

// One message, or the several of a batch (which the protocol had until 2025-06-18). An error where
// any of it is no JSON-RPC 2.0.
Result<std::vector<Message>> ReadMessages(std::string_view text);

// Each in one line. `params` may be null: then there are none.
std::string RequestText(int64_t id, std::string_view method, const json::Value& params);
std::string NotificationText(std::string_view method, const json::Value& params);
std::string ResultText(const json::Value& id, const json::Value& result);
std::string ErrorText(const json::Value& id, const RpcError& error);

// `text` without what lies beyond `most` bytes, cut between two characters and marked with "…".
std::string Cut(std::string_view text, size_t most);

}  // namespace fathom::mcp
