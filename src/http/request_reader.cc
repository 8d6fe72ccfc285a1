#include "http/request_reader.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>
#include <optional>
#include <utility>

#include "base/check.h"

namespace fathom::http {
namespace {

namespace beast = boost::beast;
using beast::error_code;
using Error = beast::http::error;

// Whether a request line that the parser did not like names a version of HTTP, which then is not
// ours. The parser has seen all eight characters of it, but not always the line's end.
bool NamesAVersion(std::string_view input) {
  for (int word = 0; word < 2; ++word) {
    input.remove_prefix(std::min(input.size(), input.find(' ') + 1));
  }
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return input.size() >= 8 && input.starts_with("HTTP/") && is_digit(input[5]) && input[6] == '.' &&
         is_digit(input[7]) && !input.starts_with("HTTP/1.1") && !input.starts_with("HTTP/1.0");
}

const Refusal kEndlessLine = {400, "the line of a chunk, or the trailer, is too long"};

Refusal RefusalOf(const error_code& error, std::string_view input) {
  switch (static_cast<Error>(error.value())) {
    case Error::header_limit:
      return {431, "the request's head is too large"};
    case Error::body_limit:
      return {413, "the request's body is too large"};
    case Error::bad_version:
      if (NamesAVersion(input)) {
        return {505, "this server speaks HTTP/1.1 and HTTP/1.0"};
      }
      return {400, "malformed request line"};
    case Error::bad_method:
    case Error::bad_target:
      return {400, "malformed request line"};
    case Error::bad_content_length:
    case Error::multiple_content_length:
    case Error::bad_transfer_encoding:
      return {400, "the body's length must be given once, by Content-Length or by chunks"};
    case Error::bad_chunk:
    case Error::bad_chunk_extension:
      return {400, "malformed chunk"};
    default:
      return {400, "malformed header"};
  }
}

int CountOf(const Headers& headers, std::string_view name) {
  int count = 0;
  for (const Header& header : headers) count += EqualsIgnoringCase(header.name, name);
  return count;
}

// What the grammar allows and this server does not.
std::optional<Refusal> CheckHead(const RequestHead& head, bool http_1_1) {
  const int hosts = CountOf(head.headers, "Host");
  if (hosts > 1 || (hosts == 0 && http_1_1)) {
    return Refusal{400, hosts == 0 ? "the Host header is missing" : "there are two Host headers"};
  }
  const bool of_the_server = head.path == "*" && head.method == "OPTIONS";
  if (!head.path.starts_with('/') && !of_the_server) {
    return Refusal{400, "the request's target must be a path"};
  }
  if (const auto encoding = head.headers.Find("Transfer-Encoding")) {
    // Anything else would leave open where the body ends.
    if (CountOf(head.headers, "Transfer-Encoding") > 1 || !http_1_1) {
      return Refusal{400, "the body's length must be given once, by Content-Length or by chunks"};
    }
    if (!EqualsIgnoringCase(*encoding, "chunked")) {
      return Refusal{501, "the only transfer encoding here is chunked"};
    }
  }
  if (const auto expected = head.headers.Find("Expect")) {
    if (!EqualsIgnoringCase(*expected, "100-continue")) {
      return Refusal{417, "the only expectation met here is 100-continue"};
    }
  }
  return std::nullopt;
}

}  // namespace

class RequestReader::Parser : public beast::http::basic_parser<true> {
 public:
  explicit Parser(size_t head_bytes) : head_bytes_(head_bytes) {
    header_limit(
        static_cast<uint32_t>(std::min<size_t>(head_bytes, std::numeric_limits<uint32_t>::max())));
    body_limit(boost::none);  // BeginBody's business: first comes whether the request is wanted
  }

  size_t Read(std::string_view input) {
    size_t used = 0;
    if (!begun) {
      used = SkipEmptyLines(input);
      if (input.substr(used) == "\r") return used;  // half an empty line
    }
    while (used < input.size() && (state == State::kHead || state == State::kBody)) {
      begun = true;
      error_code error;
      const std::string_view rest = input.substr(used);
      const size_t body_before = request.body.size();
      const size_t taken = put({rest.data(), rest.size()}, error);
      used += taken;
      if (state == State::kHead) head_used_ += taken;
      if (error && error != Error::need_more) {
        Refuse(RefusalOf(error, rest));
      } else if (state == State::kBody &&
                 taken - (request.body.size() - body_before) > head_bytes_) {
        Refuse(kEndlessLine);
      } else if (state == State::kHead && is_header_done()) {
        EndHead();
      } else if (state == State::kBody && is_done()) {
        state = State::kDone;
      } else if (error == Error::need_more) {
        CheckWaiting(input.size() - used);
        break;
      }
    }
    return used;
  }

  void BeginBody(size_t body_bytes) {
    FATHOM_CHECK(state == State::kAsked, "the body begins behind the head");
    if (is_done()) {
      state = State::kDone;
      return;
    }
    const auto length = content_length();
    if (length && *length > body_bytes) {
      Refuse({413, "the request's body is too large"});
      return;
    }
    body_limit(body_bytes);
    state = State::kBody;
  }

  State state = State::kHead;
  Refusal refusal;
  bool begun = false;
  bool http_1_1 = true;
  Request request;

 private:
  // Some clients send one behind the body of a POST (RFC 9112, 2.2).
  static size_t SkipEmptyLines(std::string_view input) {
    size_t used = 0;
    while (input.substr(used).starts_with("\r\n")) used += 2;
    return used;
  }

  void Refuse(Refusal why) {
    refusal = std::move(why);
    state = State::kRefused;
  }

  void EndHead() {
    if (head_used_ > head_bytes_) {
      Refuse({431, "the request's head is too large"});
    } else if (auto wrong = CheckHead(request.head, http_1_1)) {
      Refuse(*std::move(wrong));
    } else {
      state = State::kAsked;
    }
  }

  // The parser's own limit counts from the last field that it has taken.
  void CheckWaiting(size_t waiting) {
    if (state == State::kHead && head_used_ + waiting >= head_bytes_) {
      Refuse({431, "the request's head is too large"});
    } else if (state == State::kBody && waiting >= head_bytes_) {
      Refuse(kEndlessLine);
    }
  }

  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target,
                       int version, error_code&) override {
    request.head.method = std::string(method);
    const std::string whole(target);
    const size_t mark = whole.find('?');
    request.head.path = whole.substr(0, mark);
    if (mark != whole.npos) request.head.query = whole.substr(mark + 1);
    http_1_1 = version == 11;
  }
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     error_code&) override {
    // Behind the body stand trailers, which nobody here reads: a field that was checked before the
    // body must not change its meaning after it.
    if (state == State::kHead) request.head.headers.Add(std::string(name), std::string(value));
  }
  size_t on_body_impl(beast::string_view piece, error_code&) override {
    request.body.append(piece.data(), piece.size());
    return piece.size();
  }
  size_t on_chunk_body_impl(uint64_t, beast::string_view piece, error_code&) override {
    request.body.append(piece.data(), piece.size());
    return piece.size();
  }
  void on_response_impl(int, beast::string_view, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<uint64_t>&, error_code&) override {}
  void on_chunk_header_impl(uint64_t, beast::string_view, error_code&) override {}
  void on_finish_impl(error_code&) override {}

  size_t head_bytes_;
  size_t head_used_ = 0;
};

RequestReader::RequestReader(size_t head_bytes) : parser_(std::make_unique<Parser>(head_bytes)) {}
RequestReader::~RequestReader() = default;
RequestReader::RequestReader(RequestReader&&) noexcept = default;
RequestReader& RequestReader::operator=(RequestReader&&) noexcept = default;

size_t RequestReader::Read(std::string_view input) { return parser_->Read(input); }
void RequestReader::BeginBody(size_t body_bytes) { parser_->BeginBody(body_bytes); }

RequestReader::State RequestReader::state() const { return parser_->state; }
bool RequestReader::begun() const { return parser_->begun; }
const Refusal& RequestReader::refusal() const { return parser_->refusal; }
RequestHead& RequestReader::head() { return parser_->request.head; }
size_t RequestReader::body_bytes() const { return parser_->request.body.size(); }

bool RequestReader::has_body() const { return !parser_->is_done(); }
bool RequestReader::http_1_1() const { return parser_->http_1_1; }
bool RequestReader::keep_alive() const { return parser_->keep_alive(); }

bool RequestReader::expects_continue() const {
  return http_1_1() && has_body() && parser_->request.head.headers.Find("Expect").has_value();
}

Request RequestReader::Take() {
  FATHOM_CHECK(state() == State::kDone, "the request is not complete");
  return std::move(parser_->request);
}

}  // namespace fathom::http
