#include "mcp/http_transport.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/utf8.h"
#include "mcp/event_reader.h"
#include "mcp/message.h"
#include "mcp/quiet_thread.h"

namespace fathom::mcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kMaxSessionIdBytes = 1024;
constexpr size_t kMaxRefusalBytes = 64 << 10;  // of an answer that says no, read for its reason
constexpr size_t kMaxReasonBytes = 300;
constexpr seconds kGoodbye{2};
constexpr seconds kLongestPause{30};  // between two GETs

bool IsSessionId(std::string_view id) {
  const auto is_visible = [](char c) { return c >= 0x21 && c <= 0x7e; };
  return !id.empty() && id.size() <= kMaxSessionIdBytes && std::ranges::all_of(id, is_visible);
}

// "application/json" of "application/json; charset=utf-8".
std::string_view MediaType(const http::IncomingResponse& response) {
  std::string_view type = response.headers().Find("Content-Type").value_or("");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return type;
}

bool Says(const http::IncomingResponse& response, std::string_view type) {
  return http::EqualsIgnoringCase(MediaType(response), type);
}

// The reason that stands in the body of a refusal, as far as there is one.
std::string ReasonIn(http::IncomingResponse& response, const Patience& patience) {
  const Result<std::string> body = response.ReadAll(kMaxRefusalBytes, patience.AtMost(seconds(5)));
  if (!body.ok()) return "";
  const Result<std::vector<Message>> messages = ReadMessages(*body);
  if (messages.ok() && messages->front().error) {
    return ": " + Cut(messages->front().error->message, kMaxReasonBytes);
  }
  if (!Says(response, "application/json") && !Says(response, "text/plain")) return "";
  const std::string text = Cut(ReplaceInvalidUtf8(*body), kMaxReasonBytes);
  return text.empty() ? "" : ": " + text;
}

class HttpTransport : public Transport {
 public:
  HttpTransport(HttpConfig config, http::Client& client)
      : config_(std::move(config)), client_(client) {}

  ~HttpTransport() override {
    listener_ = std::jthread();  // stops and joins it
    if (session_id().empty()) return;
    // Some servers don't allow it, and none is waited for.
    const auto ignored = client_.Send(MakeRequest("DELETE"), Patience::For(kGoodbye));
  }

  Status Open(Receiver receiver, const Patience& patience) override {
    receiver_ = std::move(receiver);
    return patience.Check();
  }

  void OnAgreed(const std::string& protocol_version) override {
    const std::lock_guard lock(mutex_);
    protocol_version_ = protocol_version;
  }

  void OnReady() override {
    listener_ = StartQuietThread([this](const std::stop_token& stop) { Listen(stop); });
  }

  Status Send(const std::string& text, const std::function<bool()>& answered,
              const Patience& patience) override {
    http::ClientRequest request = MakeRequest("POST");
    request.headers.Add("Content-Type", "application/json");
    request.headers.Add("Accept", "application/json, text/event-stream");
    request.body = text;
    const bool in_session = request.headers.Find("Mcp-Session-Id").has_value();
    FATHOM_ASSIGN_OR_RETURN(const std::unique_ptr<http::IncomingResponse> response,
                            client_.Send(request, patience));
    if (response->status() / 100 != 2) return Refusal(*response, in_session, patience);
    TakeSessionId(*response);
    if (answered == nullptr) return {};
    if (Says(*response, "application/json")) {
      FATHOM_ASSIGN_OR_RETURN(const std::string body,
                              response->ReadAll(kMaxMessageBytes, patience));
      receiver_.on_message(body);
    } else if (Says(*response, "text/event-stream")) {
      FATHOM_RETURN_IF_ERROR(ReadEvents(*response, answered, patience));
    } else {
      return InvalidArgument("expected JSON or events, found content of type '{}'",
                             Cut(ReplaceInvalidUtf8(MediaType(*response)), 100));
    }
    if (answered()) return {};
    return DataLoss("the server answered, but not what it was asked");
  }

 private:
  std::string session_id() const {
    const std::lock_guard lock(mutex_);
    return session_id_;
  }

  http::ClientRequest MakeRequest(std::string method) const {
    http::ClientRequest request;
    request.method = std::move(method);
    request.url = config_.url;
    request.headers = config_.headers;
    const std::lock_guard lock(mutex_);
    if (!session_id_.empty()) request.headers.Add("Mcp-Session-Id", session_id_);
    if (!protocol_version_.empty()) {
      request.headers.Add("MCP-Protocol-Version", protocol_version_);
    }
    return request;
  }

  // The first answer names the session, where there is one.
  void TakeSessionId(const http::IncomingResponse& response) {
    const auto id = response.headers().Find("Mcp-Session-Id");
    const std::lock_guard lock(mutex_);
    if (protocol_version_.empty() && id && IsSessionId(*id)) session_id_ = *id;
  }

  Status Refusal(http::IncomingResponse& response, bool in_session, const Patience& patience) {
    const int status = response.status();
    if (status == 404 && in_session) {
      const Status lost = NotFound("the server has ended the session");
      Close(lost);
      return lost;
    }
    if (status / 100 == 3) {
      return Unsupported(
          "HTTP {}: the server is elsewhere ({}), and redirects are not followed", status,
          Cut(ReplaceInvalidUtf8(response.headers().Find("Location").value_or("no place")),
              kMaxReasonBytes));
    }
    const std::string_view phrase = http::ReasonPhrase(status);
    return InvalidArgument("HTTP {}{}{}{}", status, phrase.empty() ? "" : " ", phrase,
                           ReasonIn(response, patience));
  }

  // Until the stream's end or, where `enough` is given, until that.
  Status ReadEvents(http::IncomingResponse& response, const std::function<bool()>& enough,
                    const Patience& patience) {
    EventReader events(kMaxMessageBytes);
    while (enough == nullptr || !enough()) {
      FATHOM_ASSIGN_OR_RETURN(const std::string piece, response.Read(patience));
      if (piece.empty()) return {};
      FATHOM_RETURN_IF_ERROR(events.Add(piece, [this](const std::string& data) {
        if (!data.empty()) receiver_.on_message(data);
      }));
    }
    return {};
  }

  // What the server says unasked. Ends where it offers no such stream.
  void Listen(const std::stop_token& stop) {
    const Patience patience = {.stop = stop};
    seconds pause{1};
    while (!stop.stop_requested()) {
      http::ClientRequest request = MakeRequest("GET");
      request.headers.Add("Accept", "text/event-stream");
      auto response = client_.Send(request, patience);
      if (response.ok()) {
        const int status = (*response)->status();
        if (status == 404 && request.headers.Find("Mcp-Session-Id")) {
          Close(NotFound("the server has ended the session"));
          return;
        }
        if (status != 200 || !Says(**response, "text/event-stream")) return;
        const Stopwatch open;
        // Many servers end it after a minute of silence; an error has no other consequence either.
        const Status ignored = ReadEvents(**response, nullptr, patience);
        if (open.seconds() > static_cast<double>(kLongestPause.count())) pause = seconds(1);
      }
      std::unique_lock lock(mutex_);
      pausing_.wait_for(lock, stop, pause, [] { return false; });
      pause = std::min(pause * 2, kLongestPause);
    }
  }

  void Close(const Status& why) {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(closed_, true)) return;
      session_id_.clear();
    }
    receiver_.on_closed(why);
  }

  const HttpConfig config_;
  http::Client& client_;
  Receiver receiver_;

  mutable std::mutex mutex_;
  std::condition_variable_any pausing_;
  std::string session_id_, protocol_version_;
  bool closed_ = false;

  std::jthread listener_;
};

}  // namespace

std::unique_ptr<Transport> MakeHttpTransport(HttpConfig config, http::Client& client) {
  return std::make_unique<HttpTransport>(std::move(config), client);
}

}  // namespace fathom::mcp
