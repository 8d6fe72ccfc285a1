#include "mcp/tool_server.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "mcp/http_transport.h"
#include "mcp/quiet_thread.h"
#include "mcp/stdio_transport.h"

namespace fathom::mcp {
namespace {

using std::chrono::milliseconds;

// A server that says all the time that its tools have changed is asked once a second.
constexpr milliseconds kBetweenLists{1'000};

}  // namespace

ToolServer::ToolServer(ServerConfig config, http::Client& client, ToolServerOptions options)
    : config_(std::move(config)), client_(client), options_(std::move(options)) {
  keeper_ = StartQuietThread([this](const std::stop_token& stop) { Keep(stop); });
}

ToolServer::~ToolServer() { keeper_ = std::jthread(); }

void ToolServer::BeginEnd() { keeper_.request_stop(); }

std::shared_ptr<const ToolServer::State> ToolServer::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void ToolServer::Publish(const std::function<void(State&)>& change) {
  {
    const std::lock_guard lock(mutex_);
    auto next = std::make_shared<State>(*state_);
    change(*next);
    state_ = std::move(next);
  }
  changed_.notify_all();
}

Status ToolServer::WaitForFirst(const Patience& patience) const {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, patience.stop, patience.deadline,
                      [this] { return state_->attempts > 0; });
  return state_->attempts > 0 ? Status() : patience.Check();
}

void ToolServer::Keep(const std::stop_token& stop) {
  milliseconds pause{0};
  while (!stop.stop_requested()) {
    const Stopwatch held;
    const Status connected = Connect(stop);
    if (connected.ok()) ServeUntilClosed(stop);
    std::shared_ptr<Session> ended;
    {
      const std::lock_guard lock(mutex_);
      ended = std::move(session_);
      session_.reset();
    }
    if (stop.stop_requested()) {
      Publish([](State& state) { state.problem = "it has been ended"; });
      return;
    }
    ended.reset();  // a call that still waits holds it a little longer
    const bool was_steady = connected.ok() && held.seconds() * 1000 >= options_.steady.count();
    if (!connected.ok() && pause.count() == 0) pause = options_.first_pause;
    if (was_steady) pause = milliseconds(0);
    if (pause.count() > 0) {
      options_.log(fmt::format("the next try is in {:.3g} s", pause.count() / 1000.0));
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, pause, [] { return false; });
    pause = std::clamp(pause * 2, options_.first_pause, options_.longest_pause);
  }
}

Status ToolServer::Connect(const std::stop_token& stop) {
  const Stopwatch watch;
  {
    const std::lock_guard lock(mutex_);
    lost_ = Status();
    tools_changed_ = false;
  }
  Session::Callbacks callbacks;
  callbacks.on_log = options_.log;
  callbacks.on_tools_changed = [this] {
    {
      const std::lock_guard lock(mutex_);
      tools_changed_ = true;
    }
    changed_.notify_all();
  };
  callbacks.on_closed = [this](const Status& why) {
    {
      const std::lock_guard lock(mutex_);
      lost_ = why;
    }
    changed_.notify_all();
  };
  std::unique_ptr<Transport> transport = config_.stdio ? MakeStdioTransport(*config_.stdio)
                                                       : MakeHttpTransport(*config_.http, client_);
  const auto connect = [&]() -> Status {
    FATHOM_ASSIGN_OR_RETURN(const std::shared_ptr<Session> session,
                            Session::Open(std::move(transport), std::move(callbacks),
                                          Patience::For(config_.timeout, stop)));
    FATHOM_ASSIGN_OR_RETURN(
        ToolList list, ListTools(*session, config_.tools, Patience::For(config_.timeout, stop)));
    {
      const std::lock_guard lock(mutex_);
      session_ = session;
    }
    Publish([&](State& state) {
      state.problem.clear();
      state.info = session->info();
      state.tools = std::move(list.tools);
      state.notes = std::move(list.notes);
      state.seconds = watch.seconds();
      ++state.attempts;
      ++state.connections;
    });
    return {};
  };
  const Status connected = connect();
  if (connected.ok() || stop.stop_requested()) return connected;
  Publish([&](State& state) {
    state.problem = connected.message();
    ++state.attempts;
  });
  if (state()->attempts > 1) options_.log(connected.message());
  return connected;
}

void ToolServer::ServeUntilClosed(const std::stop_token& stop) {
  while (true) {
    std::shared_ptr<Session> session;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, stop, [this] { return tools_changed_ || !lost_.ok(); });
      if (stop.stop_requested()) return;
      if (!lost_.ok()) break;
      tools_changed_ = false;
      session = session_;
    }
    Result<ToolList> list =
        ListTools(*session, config_.tools, Patience::For(config_.timeout, stop));
    if (list.ok()) {
      TakeTools(std::move(list).value());
    } else {
      options_.log(list.status().At("its changed tools").message());
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, kBetweenLists, [this] { return !lost_.ok(); });
  }
  const Status why = [this] {
    const std::lock_guard lock(mutex_);
    return lost_;
  }();
  options_.log(why.message());
  Publish([&](State& state) { state.problem = why.message(); });
}

void ToolServer::TakeTools(ToolList list) {
  for (const std::string& note : list.notes) options_.log(note);
  Publish([&](State& state) {
    state.tools = std::move(list.tools);
    state.notes = std::move(list.notes);
  });
}

// In the connection that is open now or, with `*used` > 0, in the next one after that; `*used`
// becomes its number.
Result<json::Value> ToolServer::CallOnce(const json::Value& params, const Patience& patience,
                                         int* used) {
  std::shared_ptr<Session> session;
  {
    std::unique_lock lock(mutex_);
    if (*used > 0) {
      changed_.wait_until(lock, patience.stop, patience.deadline,
                          [&] { return state_->connections > *used && session_ != nullptr; });
      FATHOM_RETURN_IF_ERROR(patience.Check());
    }
    if (session_ == nullptr) {
      return Unsupported("the server {} can't be used now: {}", config_.name, state_->problem);
    }
    session = session_;
    *used = state_->connections;
  }
  return session->Request("tools/call", params, patience);
}

Result<ToolAnswer> ToolServer::Call(const std::string& tool, const json::Object& arguments,
                                    const std::stop_token& stop) {
  const Patience patience = Patience::For(config_.timeout, stop);
  const json::Value params = json::Object{{"name", tool}, {"arguments", arguments}};
  int used = 0;
  Result<json::Value> result = CallOnce(params, patience, &used);
  // Of the transports only HTTP says this, about a request that the server did not look at.
  if (result.status().code() == Code::kNotFound && config_.http && used > 0) {
    const bool lost = [this] {
      const std::lock_guard lock(mutex_);
      return lost_.code() == Code::kNotFound || session_ == nullptr;
    }();
    if (lost) result = CallOnce(params, patience, &used);
  }
  if (!result.ok() && stop.stop_requested()) return Cancelled("stopped");
  if (!result.ok() && !patience.Check().ok()) {
    return ResourceExhausted("no answer within {:.3g} s", config_.timeout.count() / 1000.0);
  }
  if (!result.ok()) return result.status();
  return ReadToolAnswer(*result);
}

}  // namespace fathom::mcp
