#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "http/client.h"
#include "support/raw_server.h"
#include "support/temp_dir.h"
#include "support/test_certificate.h"
#include "support/test_server.h"

namespace fathom::http {
namespace {

using test::TempDir;
using test::TestCertificate;
using test::TestServer;
using testing::HasSubstr;

Patience Patient() { return Patience::For(std::chrono::seconds(60)); }

Result<std::unique_ptr<IncomingResponse>> Fetch(const std::string& trusted_file,
                                                const std::string& host, uint16_t port,
                                                std::string body = "hello") {
  Result<std::unique_ptr<Client>> client = Client::Create({.trusted_file = trusted_file});
  if (!client.ok()) return client.status();
  const Result<Url> url = ParseUrl("https://" + host + ":" + std::to_string(port) + "/echo");
  if (!url.ok()) return url.status();
  return (*client)->Send({.method = "POST", .url = *url, .body = std::move(body)}, Patient());
}

TEST(ClientTls, TalksToAServerWhoseCertificateHolds) {
  const TempDir dir;
  const TestCertificate certificate(dir);
  TestServer server(certificate.Options());
  const std::string large(2 << 20, 'x');
  for (const std::string& body : {std::string("hello"), large}) {
    const auto got = Fetch(certificate.certificate, "localhost", server.port(), body);
    ASSERT_TRUE(got.ok()) << got.status().message();
    const auto all = (*got)->ReadAll(4 << 20, Patient());
    ASSERT_TRUE(all.ok()) << all.status().message();
    EXPECT_EQ(*all, "POST /echo  " + body);
  }
}

TEST(ClientTls, RefusesACertificateThatDoesNot) {
  const TempDir dir;
  const TestCertificate certificate(dir), other(dir, "other"),
      elsewhere(dir, "elsewhere", "example.org");
  TestServer server(certificate.Options()), server_elsewhere(elsewhere.Options());
  const auto unknown = Fetch(other.certificate, "localhost", server.port());
  EXPECT_THAT(unknown.status().message(), HasSubstr("certificate"));
  const auto system = Fetch("", "localhost", server.port());
  EXPECT_THAT(system.status().message(), HasSubstr("self-signed"));
  const auto name = Fetch(elsewhere.certificate, "localhost", server_elsewhere.port());
  EXPECT_THAT(name.status().message(), HasSubstr("ostname mismatch"));
  const auto address = Fetch(certificate.certificate, "127.0.0.1", server.port());
  EXPECT_THAT(address.status().message(), HasSubstr("IP address mismatch"));
  const auto unreadable = Fetch(dir.Write("empty.pem", ""), "localhost", server.port());
  EXPECT_THAT(unreadable.status().message(), HasSubstr("no trusted certificates"));
}

TEST(ClientTls, AServerWithoutTlsIsAnError) {
  const test::RawServer server([](test::RawConnection& connection) {
    connection.Write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    connection.WaitForEnd();
  });
  const auto got = Fetch("", "localhost", server.port());
  EXPECT_EQ(got.status().code(), Code::kDataLoss) << got.status().message();
  EXPECT_THAT(got.status().message(), HasSubstr("TLS"));
}

}  // namespace
}  // namespace fathom::http
