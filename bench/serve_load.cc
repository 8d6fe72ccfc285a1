// How a running server does under load: N clients at once, each asking again as soon as its answer
// is complete, over streamed chat completions.
//   usage: serve_load PORT [STREAMS,… [REQUESTS [KEY]]]      1,8,32,128 clients, 4 requests each
//
// Prompts are 200 to 2,000 tokens of words in random order, so none continues another; answers have
// 128 tokens. A client's time to the first token and between tokens are those of its socket.
#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/file_descriptor.h"

namespace fathom {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kAnswerTokens = 128;
constexpr int kShortestPrompt = 200, kLongestPrompt = 2000;  // tokens

double Seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

// The value at `share` of the sorted values.
double Quantile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
}

// Words that are one or two tokens each; about `tokens` tokens.
std::string Prompt(int tokens, std::mt19937& random) {
  static constexpr std::string_view kWords[] = {"the",  "river", "house", "green", "and",  "walked",
                                                "said", "old",   "under", "night", "tree", "with"};
  std::string text;
  for (int i = 0; i < tokens; ++i) {
    text += kWords[random() % std::size(kWords)];
    text += ' ';
  }
  return text;
}

struct Figures {
  std::vector<double> first_token, between;
  int64_t prompt_tokens = 0, answer_tokens = 0, failed = 0;
};

// One client: connects once, asks `requests` times.
class Client {
 public:
  Client(uint16_t port, std::string key, int requests, unsigned seed)
      : key_(std::move(key)), left_(requests), random_(seed) {
    socket_ = FileDescriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    FATHOM_CHECK(
        ::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0,
        "no server at port {}", port);
    const int on = 1;
    ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    Ask();
  }

  int socket() const { return socket_.get(); }
  bool done() const { return left_ == 0; }

  void Read(Figures* figures) {
    char buffer[64 << 10];
    const ssize_t bytes = ::recv(socket_.get(), buffer, sizeof(buffer), 0);
    FATHOM_CHECK(bytes > 0, "the server closed a connection");
    const auto now = Clock::now();
    input_.append(buffer, static_cast<size_t>(bytes));
    for (size_t end; !done() && (end = input_.find("\n\n")) != input_.npos;) {
      Take(std::string_view(input_).substr(0, end), now, figures);
      input_.erase(0, end + 2);
    }
  }

 private:
  void Ask() {
    const int tokens =
        kShortestPrompt + static_cast<int>(random_() % (kLongestPrompt - kShortestPrompt + 1));
    const std::string body = fmt::format(
        R"({{"messages": [{{"role": "user", "content": "{}"}}], "stream": true, "max_tokens": {},)"
        R"( "ignore_eos": true, "stream_options": {{"include_usage": true}}, "seed": {}}})",
        Prompt(tokens, random_), kAnswerTokens, random_() % 1000000);
    const std::string request = fmt::format(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n"
        "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
        key_, body.size(), body);
    input_.clear();
    asked_ = last_ = Clock::now();
    started_ = false;
    for (size_t at = 0; at < request.size();) {
      const ssize_t sent =
          ::send(socket_.get(), request.data() + at, request.size() - at, MSG_NOSIGNAL);
      FATHOM_CHECK(sent > 0, "the server closed a connection");
      at += static_cast<size_t>(sent);
    }
  }

  // One event, with whatever of HTTP stands before it.
  void Take(std::string_view event, Clock::time_point now, Figures* figures) {
    const auto number = [&](std::string_view name) {
      const size_t at = event.find(name);
      return at == event.npos ? 0 : std::atoll(event.data() + at + name.size());
    };
    if (event.find("\"content\":\"") != event.npos && event.find("\"role\"") == event.npos) {
      (started_ ? figures->between : figures->first_token)
          .push_back(Seconds(now - (started_ ? last_ : asked_)));
      started_ = true;
      last_ = now;
    }
    if (event.find("\"usage\":{") != event.npos) {
      figures->prompt_tokens += number("\"prompt_tokens\":");
      figures->answer_tokens += number("\"completion_tokens\":");
    }
    const bool failed = event.find("\"error\"") != event.npos;
    if (failed) ++figures->failed;
    if (!failed && event.find("[DONE]") == event.npos) return;
    if (--left_ > 0) Ask();
  }

  FileDescriptor socket_;
  const std::string key_;
  int left_;
  std::mt19937 random_;
  std::string input_;
  Clock::time_point asked_, last_;
  bool started_ = false;
};

void Run(uint16_t port, int streams, int requests, const std::string& key) {
  Figures figures;
  const auto begin = Clock::now();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < streams; ++i) {
    clients.push_back(
        std::make_unique<Client>(port, key, requests, static_cast<unsigned>(streams * 1000 + i)));
  }
  while (true) {
    std::vector<pollfd> polls;
    std::vector<Client*> open;
    for (const auto& client : clients) {
      if (client->done()) continue;
      polls.push_back({.fd = client->socket(), .events = POLLIN, .revents = 0});
      open.push_back(client.get());
    }
    if (open.empty()) break;
    ::poll(polls.data(), polls.size(), -1);
    for (size_t i = 0; i < open.size(); ++i) {
      if (polls[i].revents != 0) open[i]->Read(&figures);
    }
  }
  const double seconds = Seconds(Clock::now() - begin);
  const auto rate = [&](int64_t tokens) { return static_cast<double>(tokens) / seconds; };
  fmt::print(
      "{:>7} {:>9.1f} {:>12.1f} {:>12.1f} {:>11.0f} {:>9.0f} {:>11.1f} {:>9.1f} {:>7}\n", streams,
      seconds, rate(figures.answer_tokens), rate(figures.answer_tokens + figures.prompt_tokens),
      1e3 * Quantile(figures.first_token, 0.5), 1e3 * Quantile(figures.first_token, 0.99),
      1e3 * Quantile(figures.between, 0.5), 1e3 * Quantile(figures.between, 0.99), figures.failed);
  std::fflush(stdout);
}

}  // namespace
}  // namespace fathom

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: serve_load PORT [STREAMS,… [REQUESTS [KEY]]]\n");
    return 2;
  }
  const auto port = static_cast<uint16_t>(std::atoi(argv[1]));
  const std::string list = argc > 2 ? argv[2] : "1,8,32,128";
  const int requests = argc > 3 ? std::atoi(argv[3]) : 4;
  const std::string key = argc > 4 ? argv[4] : "none";
  fmt::print("{:>7} {:>9} {:>12} {:>12} {:>11} {:>9} {:>11} {:>9} {:>7}\n", "clients", "seconds",
             "answer tok/s", "all tok/s", "first p50ms", "p99 ms", "next p50ms", "p99 ms",
             "failed");
  for (size_t at = 0; at < list.size();) {
    const size_t end = std::min(list.find(',', at), list.size());
    fathom::Run(port, std::atoi(list.substr(at, end - at).c_str()), requests, key);
    at = end + 1;
  }
  return 0;
}
