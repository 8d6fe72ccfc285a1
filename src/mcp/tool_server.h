// A server that is kept: started or connected, asked for its tools, asked again when they change,
// and begun anew, after pauses that grow, when it is lost.
//
// One thread of its own does all that; calls wait on threads of their callers.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "http/client.h"
#include "mcp/config.h"
#include "mcp/session.h"
#include "mcp/tool_list.h"
#include "mcp/tool_result.h"

namespace fathom::mcp {

struct ToolServerOptions {
  // A line for people about the server, or its own, of any characters. Any thread, quick.
  std::function<void(std::string_view line)> log;
  std::chrono::milliseconds first_pause{1'000};  // doubled each time
  std::chrono::milliseconds longest_pause{60'000};
  std::chrono::milliseconds steady{10'000};  // a connection that held so long begins anew at once
};

class ToolServer {
 public:
  struct State {
    std::string problem = "it is not connected yet";  // empty: the tools can be used
    ServerInfo info;
    std::vector<ToolInfo> tools;     // the last known
    std::vector<std::string> notes;  // of ToolList
    double seconds = 0;              // that the connection took, with the list of its tools
    int attempts = 0;                // that have ended
    int connections = 0;             // of those, successful ones
  };

  // Begins at once. `client` outlives it.
  ToolServer(ServerConfig config, http::Client& client, ToolServerOptions options);
  ~ToolServer();  // ends the connection and what was started for it

  const ServerConfig& config() const { return config_; }
  const std::string& name() const { return config_.name; }

  // As it is now. Any thread; never null.
  std::shared_ptr<const State> state() const;

  // Until the first attempt has ended, either way.
  Status WaitForFirst(const Patience& patience) const;

  // Any thread, several at a time. A failure of the tool is an answer; errors are those of the way
  // to it, and kResourceExhausted when it took longer than the configuration allows. A call that
  // reached a server which had forgotten its session is made again in a new one.
  Result<ToolAnswer> Call(const std::string& tool, const json::Object& arguments,
                          const std::stop_token& stop);

  // Asks the keeper and the server to end, without waiting; the destructor waits.
  void BeginEnd();

 private:
  void Keep(const std::stop_token& stop);
  Status Connect(const std::stop_token& stop);
  void ServeUntilClosed(const std::stop_token& stop);
  void TakeTools(ToolList list);
  void Publish(const std::function<void(State&)>& change);
  Result<json::Value> CallOnce(const json::Value& params, const Patience& patience, int* used);

  const ServerConfig config_;
  http::Client& client_;
  const ToolServerOptions options_;

  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  std::shared_ptr<const State> state_ = std::make_shared<State>();
  std::shared_ptr<Session> session_;  // null: not connected
  bool tools_changed_ = false;
  Status lost_;  // why session_ can't be used any more

  std::jthread keeper_;
};

}  // namespace fathom::mcp
