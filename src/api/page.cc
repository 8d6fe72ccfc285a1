#include "api/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "api/errors.h"
#include "base/check.h"

namespace fathom {

std::span<const EmbeddedFile> PageFiles();  // cmake/EmbedFiles.cmake

namespace api {
namespace {

constexpr std::string_view kAssets = "assets/";
constexpr std::string_view kCompressed = ".gz";

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types dompurify";

struct Kind {
  std::string_view ending, type;
};
constexpr std::array<Kind, 5> kKinds = {{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".txt", "text/plain; charset=utf-8"},
    {".woff2", "font/woff2"},
}};

std::string_view TypeOf(std::string_view name) {
  const auto kind =
      std::ranges::find_if(kKinds, [&](const Kind& each) { return name.ends_with(each.ending); });
  FATHOM_CHECK(kind != kKinds.end(), "web/dist: {} has an ending without a type", name);
  return kind->type;
}

// FNV-1a: tells one build's file from another's, which nobody has a reason to forge.
std::string TagOf(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  }
  return fmt::format("\"{:016x}\"", hash);
}

std::string_view Trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// Cuts the next piece off the front of `text`.
std::string_view NextPiece(std::string_view* text, char separator) {
  const size_t end = std::min(text->find(separator), text->size());
  const std::string_view piece = text->substr(0, end);
  text->remove_prefix(std::min(end + 1, text->size()));
  return Trimmed(piece);
}

// Of the parameters behind a coding: "q=0" and "q=0.000" take it away again.
bool IsRefused(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = NextPiece(&parameters, ';');
    if (parameter.size() < 2 || !http::EqualsIgnoringCase(parameter.substr(0, 2), "q=")) continue;
    double weight = 0;
    const auto read =
        std::from_chars(parameter.data() + 2, parameter.data() + parameter.size(), weight);
    return read.ec != std::errc() || weight <= 0;
  }
  return false;
}

// If-None-Match: "*" or a list of tags, weak ones included.
bool IsKnown(std::optional<std::string_view> known, std::string_view tag) {
  if (!known) return false;
  for (std::string_view rest = *known; !rest.empty();) {
    std::string_view each = NextPiece(&rest, ',');
    if (each == "*") return true;
    if (each.starts_with("W/")) each.remove_prefix(2);
    if (each == tag) return true;
  }
  return false;
}

}  // namespace

bool IsPagePath(std::string_view path) { return path == "/" || path.starts_with("/assets/"); }

bool WantsPage(const http::RequestHead& head) {
  std::string_view accepted = head.headers.Find("accept").value_or("");
  while (!accepted.empty()) {
    std::string_view range = NextPiece(&accepted, ',');
    const std::string_view type = NextPiece(&range, ';');
    if (http::EqualsIgnoringCase(type, "text/html")) return !IsRefused(range);
  }
  return false;
}

bool TakesGzip(std::optional<std::string_view> accept_encoding) {
  std::optional<bool> all;
  for (std::string_view rest = accept_encoding.value_or(""); !rest.empty();) {
    std::string_view parameters = NextPiece(&rest, ',');
    const std::string_view coding = NextPiece(&parameters, ';');
    if (http::EqualsIgnoringCase(coding, "gzip") || http::EqualsIgnoringCase(coding, "x-gzip")) {
      return !IsRefused(parameters);
    }
    if (coding == "*") all = !IsRefused(parameters);
  }
  return all.value_or(false);
}

Page::Page(std::span<const EmbeddedFile> files) {
  for (const EmbeddedFile& each : files) {
    File file = {.name = std::string(each.name), .bytes = each.bytes, .tag = TagOf(each.bytes)};
    file.compressed = file.name.ends_with(kCompressed);
    if (file.compressed) file.name.resize(file.name.size() - kCompressed.size());
    static_cast<void>(TypeOf(file.name));
    if (file.name == "index.html") {
      FATHOM_CHECK(!file.compressed, "web/dist: index.html is compressed");
      index_ = std::move(file);
      continue;
    }
    FATHOM_CHECK(file.name.starts_with(kAssets), "web/dist: {} is not in assets/", file.name);
    file.name.erase(0, kAssets.size());
    assets_.push_back(std::move(file));
  }
  FATHOM_CHECK(!index_.name.empty(), "web/dist: there is no index.html");
}

const Page& Page::Built() {
  static const Page page(PageFiles());
  return page;
}

http::Response Page::Send(const http::RequestHead& head, const File& file) {
  http::Response response = {.content_type = std::string(TypeOf(file.name))};
  response.headers.Add("ETag", file.tag);
  response.headers.Add("Cross-Origin-Resource-Policy", "same-origin");
  if (file.compressed) {
    response.headers.Add("Content-Encoding", "gzip");
    response.headers.Add("Vary", "Accept-Encoding");
  }
  if (IsKnown(head.headers.Find("if-none-match"), file.tag)) {
    response.status = 304;
    response.content_type.clear();
  } else {
    response.body = std::string(file.bytes);
  }
  return response;
}

http::Response Page::Index(const http::RequestHead& head) const {
  http::Response response = Send(head, index_);
  for (const auto& [name, value] : {
           std::pair<std::string_view, std::string_view>{"Cache-Control", "no-cache"},
           {"Vary", "Accept"},
           {"Content-Security-Policy", kPolicy},
           {"Referrer-Policy", "no-referrer"},
           {"X-Frame-Options", "DENY"},
           {"Cross-Origin-Opener-Policy", "same-origin"},
           {"Permissions-Policy",
            "camera=(), microphone=(), geolocation=(), clipboard-write=(self)"},
       }) {
    response.headers.Add(std::string(name), std::string(value));
  }
  return response;
}

http::Response Page::Asset(const http::RequestHead& head, std::string_view name) const {
  const auto file =
      std::ranges::find_if(assets_, [&](const File& each) { return each.name == name; });
  if (file == assets_.end()) return ErrorResponse(Dialect::kOpenAi, 404, "there is no such file");
  if (file->compressed && !TakesGzip(head.headers.Find("accept-encoding"))) {
    return ErrorResponse(Dialect::kOpenAi, 406,
                         "the file is stored with gzip alone (Accept-Encoding: gzip)");
  }
  http::Response response = Send(head, *file);
  response.headers.Add("Cache-Control", "public, max-age=31536000, immutable");
  return response;
}

}  // namespace api
}  // namespace fathom
