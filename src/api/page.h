// The chat page: what web/ builds, embedded in the program and served at GET / and GET
// /assets/{id}.
//
// Scripts and styles are stored as they are sent, compressed with gzip, and the program can't
// unpack them: a client that does not take gzip gets 406, as no browser does. Names of assets hold
// a hash of what is in them, so browsers keep them forever; the page itself is asked for again
// each time and answered with 304 while it is the same.
//
// The page shows what a model wrote, so its policy lets nothing run or load but its own files:
// no inline script or style, no frames, no other host, and no text becomes HTML in a script but
// through DOMPurify, which browsers with trusted types enforce. The formulas' styles are set one by
// one through the document's objects, which needs no exception.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/embedded_file.h"
#include "http/message.h"

namespace fathom::api {

// "/" and everything below /assets/: no key is needed there.
bool IsPagePath(std::string_view path);

// Whether a browser asks for a page to show ("Accept: text/html, …") and not a program for data.
bool WantsPage(const http::RequestHead& head);

// Any thread. Requests cost a copy of the file.
class Page {
 public:
  // The files outlive it. `index.html` must be among them; the rest lies in assets/.
  explicit Page(std::span<const EmbeddedFile> files);

  // The files of web/dist.
  static const Page& Built();

  http::Response Index(const http::RequestHead& head) const;
  // 404 for a name that is none, 406 for a client that takes no gzip.
  http::Response Asset(const http::RequestHead& head, std::string_view name) const;

 private:
  struct File {
    std::string name;  // as it is asked for: without "assets/" and ".gz"
    std::string_view bytes;
    std::string tag;  // with its quotes
    bool compressed = false;
  };

  static http::Response Send(const http::RequestHead& head, const File& file);

  File index_;
  std::vector<File> assets_;
};

// Whether the value of Accept-Encoding ("br, gzip;q=0.5") takes gzip; none takes it not.
bool TakesGzip(std::optional<std::string_view> accept_encoding);

}  // namespace fathom::api
