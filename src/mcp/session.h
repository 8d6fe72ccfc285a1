// One conversation with a server: the handshake, then requests by id, any number at a time.
//
// What the server asks is answered here: a ping, an empty list of roots, and "no such method" to
// everything else, such as wishes to use the model.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/patience.h"
#include "base/status.h"
#include "json/value.h"
#include "mcp/message.h"
#include "mcp/transport.h"

namespace fathom::mcp {

struct ServerInfo {
  std::string name, version;     // as it calls itself; at most 200 bytes each
  std::string protocol_version;  // the agreed one
  bool has_tools = false;
};

class Session {
 public:
  // Told on threads of the transport's, or on those that make requests; they must be quick.
  struct Callbacks {
    std::function<void()> on_tools_changed;
    std::function<void(const Status& why)> on_closed;   // at most once
    std::function<void(std::string_view line)> on_log;  // a line for people, of any characters
  };

  // Opens `transport` and agrees on a version of the protocol. Errors are those of the transport,
  // and a version that isn't known here.
  static Result<std::shared_ptr<Session>> Open(std::unique_ptr<Transport> transport,
                                               Callbacks callbacks, const Patience& patience);
  ~Session();

  const ServerInfo& info() const { return info_; }

  // The result of a method. Any thread. An error that the server sends is kInvalidArgument with
  // its text. When patience ends, the server is told that nobody waits for it any more.
  Result<json::Value> Request(std::string_view method, const json::Value& params,
                              const Patience& patience);

  // ok while it is open, then why it is not.
  Status closed() const;

 private:
  struct Waiting {
    bool done = false;
    json::Value result;
    std::optional<RpcError> error;
  };

  explicit Session(Callbacks callbacks) : callbacks_(std::move(callbacks)) {}
  Status Initialize(const Patience& patience);
  Result<json::Value> RequestAs(int64_t id, std::string_view method, const json::Value& params,
                                const Patience& patience);
  void Cancel(int64_t id, std::string_view reason);

  void OnText(std::string_view text);
  void OnMessage(Message message);
  void OnRequest(const Message& message);
  void OnNotification(const Message& message);
  void OnClosed(const Status& why);

  const Callbacks callbacks_;
  ServerInfo info_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  int64_t next_id_ = 1;
  std::map<int64_t, Waiting> waiting_;
  Status closed_;
  int garbage_ = 0;

  std::unique_ptr<Transport> transport_;  // ends first: it calls the rest
};

}  // namespace fathom::mcp
