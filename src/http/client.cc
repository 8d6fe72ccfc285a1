#include "http/client.h"

#include <algorithm>
#include <utility>

#include "http/client_socket.h"
#include "http/response_reader.h"

namespace fathom::http {
namespace {

constexpr size_t kReadBytes = 16 << 10;

std::string HostHeader(const Url& url) {
  const std::string host =
      url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
  if (url.port == (url.tls ? 443 : 80)) return host;
  return host + ":" + std::to_string(url.port);
}

Result<std::string> RequestText(const ClientRequest& request) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
                                 request.method, request.url.target, HostHeader(request.url));
  for (const Header& header : request.headers) {
    FATHOM_RETURN_IF_ERROR(CheckHeader(header));
    text += header.name + ": " + header.value + "\r\n";
  }
  if (!request.body.empty() || request.method == "POST") {
    text += fmt::format("Content-Length: {}\r\n", request.body.size());
  }
  return text + "\r\n" + request.body;
}

class SocketResponse : public IncomingResponse {
 public:
  SocketResponse(ClientSocket socket, size_t head_bytes)
      : socket_(std::move(socket)), reader_(head_bytes) {}

  Status ReadHead(const Patience& patience) {
    while (!reader_.has_head()) FATHOM_RETURN_IF_ERROR(ReadMore(patience));
    return {};
  }

  int status() const override { return reader_.status(); }
  const Headers& headers() const override { return reader_.headers(); }

  Result<std::string> Read(const Patience& patience) override {
    while (true) {
      std::string piece = reader_.TakeBody();
      if (!piece.empty() || reader_.done()) return piece;
      FATHOM_RETURN_IF_ERROR(ReadMore(patience));
    }
  }

 private:
  Status ReadMore(const Patience& patience) {
    FATHOM_ASSIGN_OR_RETURN(const std::string bytes, socket_.Read(kReadBytes, patience));
    return bytes.empty() ? reader_.End() : reader_.Add(bytes);
  }

  ClientSocket socket_;
  ResponseReader reader_;
};

class SocketClient : public Client {
 public:
  SocketClient(ClientOptions options, TlsContext tls)
      : options_(std::move(options)), tls_(std::move(tls)) {}

  Result<std::unique_ptr<IncomingResponse>> Send(const ClientRequest& request,
                                                 const Patience& patience) override {
    FATHOM_ASSIGN_OR_RETURN(const std::string text, RequestText(request));
    const Url& url = request.url;
    FATHOM_ASSIGN_OR_RETURN(ClientSocket socket,
                            ClientSocket::Connect(url.host, url.port, url.tls ? tls_ : nullptr,
                                                  options_.connect_timeout, patience));
    // A server may answer, and close, before it has read everything: then the answer counts.
    const Status sent = socket.Write(text, patience);
    if (!sent.ok() && sent.code() != Code::kDataLoss) return sent;
    auto response = std::make_unique<SocketResponse>(std::move(socket), options_.head_bytes);
    const Status head = response->ReadHead(patience);
    if (!head.ok()) return (sent.ok() ? head : sent).At(url.host);
    return std::unique_ptr<IncomingResponse>(std::move(response));
  }

 private:
  const ClientOptions options_;
  const TlsContext tls_;
};

}  // namespace

Status CheckHeader(const Header& header) {
  const auto is_token = [](char c) {
    return c > ' ' && c < '\x7f' &&
           std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
  };
  if (header.name.empty() || !std::ranges::all_of(header.name, is_token)) {
    return InvalidArgument("'{}' is no name of a header", header.name);
  }
  const auto is_control = [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; };
  if (std::ranges::any_of(header.value, is_control)) {
    return InvalidArgument("header {}: its value holds a control character", header.name);
  }
  return {};
}

Result<std::string> IncomingResponse::ReadAll(size_t most, const Patience& patience) {
  std::string all;
  while (true) {
    FATHOM_ASSIGN_OR_RETURN(const std::string piece, Read(patience));
    if (piece.empty()) return all;
    if (piece.size() > most - all.size()) {
      return ResourceExhausted("the answer's body is larger than {} bytes", most);
    }
    all += piece;
  }
}

Result<std::unique_ptr<Client>> Client::Create(ClientOptions options) {
  FATHOM_ASSIGN_OR_RETURN(TlsContext tls, MakeClientTls(options.trusted_file));
  return std::unique_ptr<Client>(
      std::make_unique<SocketClient>(std::move(options), std::move(tls)));
}

}  // namespace fathom::http
