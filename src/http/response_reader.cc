#include "http/response_reader.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>
#include <utility>

namespace fathom::http {
namespace {

namespace beast = boost::beast;
using beast::error_code;
using Error = beast::http::error;

// A server that sends more of them than this never answers.
constexpr int kMaxInformational = 16;

}  // namespace

class ResponseReader::Parser : public beast::http::basic_parser<false> {
 public:
  explicit Parser(size_t head_bytes) {
    header_limit(
        static_cast<uint32_t>(std::min<size_t>(head_bytes, std::numeric_limits<uint32_t>::max())));
    body_limit(boost::none);  // the caller takes it piece by piece
    eager(true);
  }

  int status = 0;
  Headers headers;
  std::string body;

 private:
  void on_response_impl(int code, beast::string_view, int, error_code&) override { status = code; }
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     error_code&) override {
    // Trailers, behind the body, change nothing.
    if (!head_done_) headers.Add(std::string(name), std::string(value));
  }
  void on_header_impl(error_code&) override { head_done_ = true; }
  size_t on_body_impl(beast::string_view piece, error_code&) override {
    body.append(piece.data(), piece.size());
    return piece.size();
  }
  size_t on_chunk_body_impl(uint64_t, beast::string_view piece, error_code&) override {
    body.append(piece.data(), piece.size());
    return piece.size();
  }
  void on_request_impl(beast::http::verb, beast::string_view, beast::string_view, int,
                       error_code&) override {}
  void on_body_init_impl(const boost::optional<uint64_t>&, error_code&) override {}
  void on_chunk_header_impl(uint64_t, beast::string_view, error_code&) override {}
  void on_finish_impl(error_code&) override {}

  bool head_done_ = false;
};

ResponseReader::ResponseReader(size_t head_bytes)
    : head_bytes_(head_bytes), parser_(std::make_unique<Parser>(head_bytes)) {}
ResponseReader::~ResponseReader() = default;
ResponseReader::ResponseReader(ResponseReader&&) noexcept = default;
ResponseReader& ResponseReader::operator=(ResponseReader&&) noexcept = default;

Status ResponseReader::Add(std::string_view bytes) {
  input_ += bytes;
  return Parse();
}

Status ResponseReader::Parse() {
  size_t used = 0;
  while (used < input_.size() && !parser_->is_done()) {
    error_code error;
    const size_t taken = parser_->put({input_.data() + used, input_.size() - used}, error);
    used += taken;
    if (error && error != Error::need_more) {
      return InvalidArgument("the answer is not HTTP/1.1: {}", error.message());
    }
    if (parser_->is_done() && parser_->status / 100 == 1) {
      if (++skipped_ > kMaxInformational) {
        return InvalidArgument("more than {} informational answers", kMaxInformational);
      }
      parser_ = std::make_unique<Parser>(head_bytes_);
      continue;
    }
    if (error == Error::need_more || taken == 0) break;
  }
  input_.erase(0, parser_->is_done() ? input_.size() : used);
  // The line of a chunk has no limit of the parser's own.
  if (input_.size() >= head_bytes_) {
    return InvalidArgument("the answer's head, or the line of a chunk, is too large");
  }
  return {};
}

Status ResponseReader::End() {
  if (parser_->is_done()) return {};
  error_code error;
  if (parser_->got_some()) parser_->put_eof(error);
  if (!error && parser_->is_done()) return {};
  return DataLoss("the connection ended {}",
                  has_head() ? "in the middle of the answer's body" : "before the answer");
}

bool ResponseReader::has_head() const { return parser_->is_header_done(); }
bool ResponseReader::done() const { return parser_->is_done(); }
int ResponseReader::status() const { return parser_->status; }
const Headers& ResponseReader::headers() const { return parser_->headers; }
std::string ResponseReader::TakeBody() { return std::exchange(parser_->body, {}); }

}  // namespace fathom::http
