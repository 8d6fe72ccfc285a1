#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "http/server.h"
#include "support/http_client.h"
#include "support/temp_dir.h"
#include "support/test_certificate.h"
#include "support/test_server.h"

namespace fathom::http {
namespace {

using test::Get;
using test::HttpClient;
using test::Post;
using test::TempDir;
using test::TestCertificate;
using test::TestServer;

// HttpClient's socket with TLS on it.
class TlsClient {
 public:
  explicit TlsClient(uint16_t port, int highest_version = TLS1_3_VERSION)
      : plain_(port), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    SSL_CTX_set_min_proto_version(context_.get(), 0);
    SSL_CTX_set_max_proto_version(context_.get(), highest_version);
    SSL_CTX_set_security_level(context_.get(), 0);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>("\x02h2\x08http/1.1"),
                        12);
    SSL_set_fd(ssl_.get(), plain_.socket());
    connected_ = SSL_connect(ssl_.get()) == 1;
  }

  bool connected() const { return connected_; }
  std::string version() const { return SSL_get_version(ssl_.get()); }
  std::string protocol() const {
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &chosen, &size);
    return std::string(reinterpret_cast<const char*>(chosen), size);
  }

  void Send(std::string_view bytes) {
    FATHOM_CHECK(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0, "TLS");
  }
  // Up to and with `text`; "" when the connection ends before it.
  std::string ReadUntil(std::string_view text) {
    size_t at;
    while ((at = input_.find(text)) == input_.npos) {
      char buffer[4096];
      const int bytes = SSL_read(ssl_.get(), buffer, sizeof(buffer));
      if (bytes <= 0) return "";
      input_.append(buffer, static_cast<size_t>(bytes));
    }
    std::string read = input_.substr(0, at + text.size());
    input_.erase(0, read.size());
    return read;
  }
  // The server said that nothing follows, as TLS wants it.
  bool EndedInOrder() {
    char byte;
    const int read = SSL_read(ssl_.get(), &byte, 1);
    return read <= 0 && SSL_get_error(ssl_.get(), read) == SSL_ERROR_ZERO_RETURN;
  }
  void Close() { plain_.Close(); }

 private:
  HttpClient plain_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  std::unique_ptr<SSL, Free> ssl_;
  std::string input_;
  bool connected_ = false;
};

TEST(ServerTls, AnswersAndKeepsTheConnection) {
  TempDir dir;
  TestServer server(TestCertificate(dir).Options());
  TlsClient client(server.port());
  ASSERT_TRUE(client.connected());
  EXPECT_EQ(client.version(), "TLSv1.3");
  EXPECT_EQ(client.protocol(), "http/1.1");
  for (int i = 0; i < 3; ++i) {
    client.Send(Post("/echo", "hello"));
    EXPECT_NE(client.ReadUntil("POST /echo  hello"), "");
  }
  client.Send(Get("/client"));
  EXPECT_NE(client.ReadUntil(" tls"), "");
  client.Send(Get("/stream"));
  EXPECT_NE(client.ReadUntil("data: 2\n\n\r\n0\r\n\r\n"), "");
  client.Send("GET /echo HTTP/1.0\r\n\r\n");
  EXPECT_NE(client.ReadUntil("GET /echo  "), "");
  EXPECT_TRUE(client.EndedInOrder());
}

TEST(ServerTls, LargeBodiesBothWays) {
  TempDir dir;
  TestServer server(TestCertificate(dir).Options());
  TlsClient client(server.port());
  const std::string body(3 << 20, 'x');
  std::thread sender([&] { client.Send(Post("/echo", body)); });
  sender.join();
  EXPECT_EQ(client.ReadUntil("POST /echo  " + body).size() > body.size(), true);
}

TEST(ServerTls, TakesVersion12AndNothingOlder) {
  TempDir dir;
  TestServer server(TestCertificate(dir).Options());
  EXPECT_EQ(TlsClient(server.port(), TLS1_2_VERSION).version(), "TLSv1.2");
  EXPECT_TRUE(TlsClient(server.port(), TLS1_2_VERSION).connected());
  EXPECT_FALSE(TlsClient(server.port(), TLS1_1_VERSION).connected());
}

TEST(ServerTls, AClientThatLeavesIsNoticed) {
  TempDir dir;
  TestServer server(TestCertificate(dir).Options());
  TlsClient client(server.port());
  client.Send(Get("/keep"));
  const auto exchange = server.TakeKept();
  const auto stream = exchange->StartStream({});
  stream->Write("first");
  client.ReadUntil("first");
  client.Close();
  server.WaitForConnections(0);
  EXPECT_EQ(stream->Write("x"), ResponseStream::Taken::kGone);
}

TEST(ServerTls, PlainHttpAndSilenceEndWithTheHandshake) {
  TempDir dir;
  ServerOptions options = TestCertificate(dir).Options();
  options.head_timeout = std::chrono::milliseconds(100);
  TestServer server(std::move(options));
  HttpClient plain(server.port()), silent(server.port());
  plain.Send(Get("/echo"));
  EXPECT_EQ(plain.Read().status, 0);
  EXPECT_TRUE(silent.Ended());
  server.WaitForConnections(0);
  EXPECT_EQ(server->counts().requests, 0);
}

TEST(ServerTls, OneAboveTheLimitIsToldSo) {
  TempDir dir;
  ServerOptions options = TestCertificate(dir).Options();
  options.connections = 1;
  TestServer server(std::move(options));
  TlsClient first(server.port());
  first.Send(Get("/echo"));
  EXPECT_NE(first.ReadUntil("GET /echo"), "");
  TlsClient second(server.port());
  ASSERT_TRUE(second.connected());
  EXPECT_TRUE(second.ReadUntil("\r\n").starts_with("HTTP/1.1 503 "));
}

TEST(ServerTls, WrongFilesAreNamedAtTheStart) {
  TempDir dir;
  const TestCertificate one(dir), other(dir, "other");
  const std::string text = dir.Write("text", "no certificate\n");
  const struct {
    std::string certificate, key, message;
  } cases[] = {
      {one.certificate, "", "TLS needs both a certificate file and a key file"},
      {"", one.key, "TLS needs both a certificate file and a key file"},
      {dir.File("none"), one.key, dir.File("none") + ": no PEM certificate could be read: "},
      {text, one.key, text + ": no PEM certificate could be read: "},
      {one.certificate, dir.File("none"),
       dir.File("none") + ": no PEM key of " + one.certificate + " could be read: "},
      {one.certificate, text, text + ": no PEM key of " + one.certificate + " could be read: "},
      {one.certificate, other.key,
       other.key + ": no PEM key of " + one.certificate + " could be read: "},
  };
  TaskQueue workers(1);
  for (const auto& test : cases) {
    ServerOptions options;
    options.certificate_file = test.certificate;
    options.key_file = test.key;
    const auto started =
        Server::Start(std::move(options), workers, [](std::shared_ptr<Exchange>) {});
    ASSERT_FALSE(started.ok());
    EXPECT_EQ(started.status().code(), Code::kInvalidArgument);
    EXPECT_TRUE(started.status().message().starts_with(test.message)) << started.status().message();
  }
}

}  // namespace
}  // namespace fathom::http
