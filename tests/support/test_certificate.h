// A server's certificate for tests.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <string>

#include "http/server.h"
#include "support/temp_dir.h"

namespace fathom::test {

// A key and a certificate that it signs itself, as PEM files in `dir`;
// it holds for `host`.
struct TestCertificate {
  explicit TestCertificate(const TempDir& dir, const std::string& name = "server",
                           const std::string& host = "localhost")
      : certificate(dir.File(name + ".crt")), key(dir.File(name + ".key")) {
    EVP_PKEY* pair = EVP_EC_gen("P-256");
    X509* x509 = X509_new();
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -60);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, pair);
    X509_NAME* subject = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(host.c_str()), -1, -1, 0);
    X509_set_issuer_name(x509, subject);
    X509_sign(x509, pair, EVP_sha256());
    FILE* file = std::fopen(certificate.c_str(), "w");
    PEM_write_X509(file, x509);
    std::fclose(file);
    file = std::fopen(key.c_str(), "w");
    PEM_write_PrivateKey(file, pair, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(x509);
    EVP_PKEY_free(pair);
  }

  http::ServerOptions Options() const {
    http::ServerOptions options;
    options.certificate_file = certificate;
    options.key_file = key;
    return options;
  }

  std::string certificate, key;
};

}  // namespace fathom::test
