#include "mcp/session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "json/field_reader.h"
#include "json/write.h"

namespace fathom::mcp {
namespace {

// Newest first: the first is offered.
constexpr std::array<std::string_view, 3> kVersions = {"2025-06-18", "2025-03-26", "2024-11-05"};

constexpr int64_t kMethodNotFound = -32601;
constexpr size_t kMaxNameBytes = 200;
constexpr size_t kMaxLogBytes = 500;
constexpr int kMaxGarbage = 100;  // texts that are no messages, until the connection is given up
// For what nobody waits for: a cancellation, an answer to the server.
constexpr std::chrono::seconds kBriefly{2};

std::string TextMember(const json::Value& value, std::string_view name) {
  const json::Value* member = value.Find(name);
  return member != nullptr && member->is_string() ? Cut(member->string(), kMaxNameBytes) : "";
}

json::Value Hello() {
  return json::Object{
      {"protocolVersion", kVersions[0]},
      {"capabilities", json::Object{}},
      {"clientInfo", json::Object{{"name", "fathom"}, {"version", "0.1"}}},
  };
}

Result<ServerInfo> ReadHello(const json::Value& result) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(result, "result"));
  const json::FieldReader fields(*object, "result");
  ServerInfo info;
  FATHOM_ASSIGN_OR_RETURN(info.protocol_version, fields.String("protocolVersion"));
  if (std::ranges::find(kVersions, info.protocol_version) == kVersions.end()) {
    return Unsupported(
        "the server speaks version '{}' of the protocol; known are 2024-11-05, "
        "2025-03-26 and 2025-06-18",
        Cut(info.protocol_version, 40));
  }
  if (const json::Value* server = result.Find("serverInfo")) {
    info.name = TextMember(*server, "name");
    info.version = TextMember(*server, "version");
  }
  const json::Value* capabilities = result.Find("capabilities");
  info.has_tools = capabilities != nullptr && capabilities->Find("tools") != nullptr;
  return info;
}

}  // namespace

Result<std::shared_ptr<Session>> Session::Open(std::unique_ptr<Transport> transport,
                                               Callbacks callbacks, const Patience& patience) {
  const std::shared_ptr<Session> session(new Session(std::move(callbacks)));
  session->transport_ = std::move(transport);
  Session* const self = session.get();
  FATHOM_RETURN_IF_ERROR(session->transport_->Open(
      {.on_message = [self](std::string_view text) { self->OnText(text); },
       .on_closed = [self](const Status& why) { self->OnClosed(why); },
       .on_log = [self](std::string_view line) { self->callbacks_.on_log(line); }},
      patience));
  FATHOM_RETURN_IF_ERROR(session->Initialize(patience));
  return session;
}

Session::~Session() { transport_.reset(); }

Status Session::Initialize(const Patience& patience) {
  FATHOM_ASSIGN_OR_RETURN(const json::Value result, Request("initialize", Hello(), patience));
  FATHOM_ASSIGN_OR_RETURN(info_, ReadHello(result));
  transport_->OnAgreed(info_.protocol_version);
  FATHOM_RETURN_IF_ERROR(transport_->Send(
      NotificationText("notifications/initialized", json::Value()), nullptr, patience));
  transport_->OnReady();
  return {};
}

Status Session::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

Result<json::Value> Session::Request(std::string_view method, const json::Value& params,
                                     const Patience& patience) {
  int64_t id;
  {
    const std::lock_guard lock(mutex_);
    if (!closed_.ok()) return closed_;
    id = next_id_++;
    waiting_.emplace(id, Waiting());
  }
  Result<json::Value> result = RequestAs(id, method, params, patience);
  {
    const std::lock_guard lock(mutex_);
    waiting_.erase(id);
    // A connection that is gone has nobody to tell.
    if (!closed_.ok()) return result;
  }
  const bool gave_up = !result.ok() && !patience.Check().ok();
  if (gave_up && method != "initialize") Cancel(id, result.status().message());
  return result;
}

Result<json::Value> Session::RequestAs(int64_t id, std::string_view method,
                                       const json::Value& params, const Patience& patience) {
  const auto answered = [this, id] {
    const std::lock_guard lock(mutex_);
    return waiting_.at(id).done;
  };
  const Status sent = transport_->Send(RequestText(id, method, params), answered, patience);
  std::unique_lock lock(mutex_);
  Waiting& mine = waiting_.at(id);
  if (!sent.ok() && !mine.done) return sent;
  const auto is_over = [&] { return mine.done || !closed_.ok(); };
  if (patience.deadline == Patience::Clock::time_point::max()) {
    changed_.wait(lock, patience.stop, is_over);
  } else {
    changed_.wait_until(lock, patience.stop, patience.deadline, is_over);
  }
  if (!mine.done) return closed_.ok() ? patience.Check() : closed_;
  if (mine.error) {
    return InvalidArgument("{} (error {})", mine.error->message, mine.error->code);
  }
  return std::move(mine.result);
}

void Session::Cancel(int64_t id, std::string_view reason) {
  const json::Value params = json::Object{{"requestId", id}, {"reason", reason}};
  const Status ignored = transport_->Send(NotificationText("notifications/cancelled", params),
                                          nullptr, Patience::For(kBriefly));
}

void Session::OnText(std::string_view text) {
  Result<std::vector<Message>> messages = ReadMessages(text);
  if (messages.ok()) {
    for (Message& message : *messages) OnMessage(std::move(message));
    return;
  }
  callbacks_.on_log(fmt::format("no message: {}", messages.status().message()));
  bool too_much;
  {
    const std::lock_guard lock(mutex_);
    too_much = ++garbage_ == kMaxGarbage;
  }
  if (too_much) OnClosed(DataLoss("{} texts that are no messages", kMaxGarbage));
}

void Session::OnMessage(Message message) {
  switch (message.kind) {
    case Message::Kind::kRequest:
      return OnRequest(message);
    case Message::Kind::kNotification:
      return OnNotification(message);
    case Message::Kind::kResponse: {
      const std::lock_guard lock(mutex_);
      // Of an id that nobody waits for: late, or never asked for.
      const std::optional<int64_t> id = message.id.AsInt64();
      const auto found = id ? waiting_.find(*id) : waiting_.end();
      if (found == waiting_.end() || found->second.done) return;
      found->second.result = std::move(message.result);
      found->second.error = std::move(message.error);
      found->second.done = true;
    }
      changed_.notify_all();
  }
}

void Session::OnRequest(const Message& message) {
  std::string answer;
  if (message.method == "ping") {
    answer = ResultText(message.id, json::Object{});
  } else if (message.method == "roots/list") {
    answer = ResultText(message.id, json::Object{{"roots", json::Array{}}});
  } else {
    answer = ErrorText(message.id, {kMethodNotFound, "this client doesn't do " + message.method});
  }
  const Status ignored = transport_->Send(answer, nullptr, Patience::For(kBriefly));
}

void Session::OnNotification(const Message& message) {
  if (message.method == "notifications/tools/list_changed") {
    callbacks_.on_tools_changed();
  } else if (message.method == "notifications/message") {
    const json::Value* data = message.params.Find("data");
    if (data == nullptr) return;
    const std::string text =
        data->is_string() ? data->string() : json::Dump(*data, json::Style::kPython);
    const std::string level = TextMember(message.params, "level");
    callbacks_.on_log(
        fmt::format("{}: {}", level.empty() ? "log" : level, Cut(text, kMaxLogBytes)));
  }
}

void Session::OnClosed(const Status& why) {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_.ok()) return;
    closed_ = why;
  }
  changed_.notify_all();
  callbacks_.on_closed(why);
}

}  // namespace fathom::mcp
