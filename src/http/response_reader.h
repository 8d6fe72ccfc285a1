// Bytes of a connection → one answer: its head, then its body as it comes.
//
// The parser of the library behind it (Boost.Beast) is seen by response_reader.cc alone.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "http/message.h"

namespace fathom::http {

class ResponseReader {
 public:
  explicit ResponseReader(size_t head_bytes);
  ~ResponseReader();
  ResponseReader(ResponseReader&&) noexcept;
  ResponseReader& operator=(ResponseReader&&) noexcept;

  // Takes all of `bytes`. An error where they are no answer of HTTP/1.x; after it, nothing more.
  // What follows a complete answer is dropped.
  Status Add(std::string_view bytes);
  // The connection has ended. An error where the answer has not.
  Status End();

  bool has_head() const;  // informational answers (1xx) are skipped
  bool done() const;
  int status() const;
  const Headers& headers() const;
  // What came of the body since the last call.
  std::string TakeBody();

 private:
  class Parser;
  Status Parse();

  size_t head_bytes_;
  std::string input_;  // not parsed yet; shorter than head_bytes_
  int skipped_ = 0;
  std::unique_ptr<Parser> parser_;
};

}  // namespace fathom::http
