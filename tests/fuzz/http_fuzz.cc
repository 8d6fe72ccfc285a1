// Any bytes as what a client sends: requests and at most one refusal come out, the same ones
// however the bytes arrive, and no request is larger than its limits.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "http/request_reader.h"

namespace {

using fathom::http::Header;
using fathom::http::Request;
using fathom::http::RequestReader;
using State = RequestReader::State;

constexpr size_t kHeadBytes = 300, kBodyBytes = 100;

void CheckRequest(const Request& request) {
  FATHOM_CHECK(request.body.size() <= kBodyBytes, "{} bytes", request.body.size());
  size_t head = request.head.method.size() + request.head.path.size() + request.head.query.size();
  for (const Header& header : request.head.headers) {
    head += header.name.size() + header.value.size();
    for (const char c : header.name + header.value) {
      FATHOM_CHECK((static_cast<uint8_t>(c) >= 0x20 || c == '\t') && c != 0x7f,
                   "a control character");
    }
  }
  FATHOM_CHECK(head <= kHeadBytes, "{} bytes", head);
}

// The requests in `bytes`, which arrive `step` at a time.
std::string Read(std::string_view bytes, size_t step) {
  std::string outcome, waiting;
  RequestReader reader(kHeadBytes);
  const auto next = [&] {
    waiting.erase(0, reader.Read(waiting));
    if (reader.state() == State::kAsked) {
      reader.BeginBody(kBodyBytes);
      return true;
    }
    if (reader.state() != State::kDone) return false;
    const Request request = reader.Take();
    CheckRequest(request);
    outcome += request.head.method + " " + request.head.path + "?" + request.head.query + " " +
               request.body + "\n";
    reader = RequestReader(kHeadBytes);
    return true;
  };
  for (size_t at = 0; at < bytes.size() && reader.state() != State::kRefused; at += step) {
    waiting += bytes.substr(at, step);
    while (next()) {
    }
  }
  if (reader.state() == State::kRefused) {
    FATHOM_CHECK(reader.refusal().status >= 400 && !reader.refusal().message.empty(), "{}",
                 reader.refusal().status);
  }
  return outcome;
}

}  // namespace

// The first byte is the size of the pieces.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = Read(bytes, bytes.size() + 1);
  const std::string split = Read(bytes, size_t{1} + data[0]);
  FATHOM_CHECK(whole == split, "whole: {}\nsplit: {}", whole, split);
  return 0;
}
