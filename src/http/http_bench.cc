// What a request costs in the server: constant answers on kept connections, and events to many
// streams at once. The client shares the machine, so the figures are of both.
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/file_descriptor.h"
#include "http/server.h"

namespace fathom::http {
namespace {

const std::string kRequest = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n";

FileDescriptor Connect(uint16_t port) {
  FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  FATHOM_CHECK(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0,
               "connect to port {}", port);
  return socket;
}

void Send(const FileDescriptor& socket, const std::string& bytes) {
  FATHOM_CHECK(::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                   static_cast<ssize_t>(bytes.size()),
               "send");
}

// Reads on until what has come ends with `end`.
void ReadTo(const FileDescriptor& socket, std::string_view end) {
  std::string input;
  char buffer[16 << 10];
  while (!input.ends_with(end)) {
    const ssize_t bytes = ::recv(socket.get(), buffer, sizeof(buffer), 0);
    FATHOM_CHECK(bytes > 0, "recv");
    input.append(buffer, static_cast<size_t>(bytes));
  }
}

std::unique_ptr<Server> StartServer(TaskQueue& workers, Handler handler) {
  auto server = Server::Start({}, workers, std::move(handler));
  FATHOM_CHECK(server.ok(), "{}", server.status().message());
  return std::move(server).value();
}

// range(0) connections, each with one request under way: requests a second.
void BM_ConstantAnswer(benchmark::State& state) {
  TaskQueue workers(1);
  const auto server = StartServer(workers, [](std::shared_ptr<Exchange> exchange) {
    exchange->Send({.body = "{\"ok\": true}"});
  });
  std::vector<FileDescriptor> clients;
  for (int64_t i = 0; i < state.range(0); ++i) clients.push_back(Connect(server->port()));
  for (auto _ : state) {
    for (const FileDescriptor& client : clients) Send(client, kRequest);
    for (const FileDescriptor& client : clients) ReadTo(client, "true}");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_ConstantAnswer)->Arg(1)->Arg(64)->UseRealTime();

// One event to each of range(0) streams, read by all: events a second.
void BM_StreamedEvent(benchmark::State& state) {
  std::mutex mutex;
  std::vector<std::shared_ptr<ResponseStream>> streams;
  TaskQueue workers(1);
  const auto server = StartServer(workers, [&](std::shared_ptr<Exchange> exchange) {
    auto stream = exchange->StartStream({.content_type = "text/event-stream"});
    const std::lock_guard lock(mutex);
    streams.push_back(std::move(stream));
  });
  std::vector<FileDescriptor> clients;
  for (int64_t i = 0; i < state.range(0); ++i) {
    clients.push_back(Connect(server->port()));
    Send(clients.back(), kRequest);
    ReadTo(clients.back(), "\r\n\r\n");
  }
  const std::string event = "data: " + std::string(200, 'x') + "\n\n";
  // Each handler has pushed its stream by now, or is about to.
  while (true) {
    const std::lock_guard lock(mutex);
    if (streams.size() == clients.size()) break;
  }
  for (auto _ : state) {
    for (const auto& stream : streams) {
      FATHOM_CHECK(stream->Write(event) == ResponseStream::Taken::kYes, "write");
    }
    for (const FileDescriptor& client : clients) ReadTo(client, "\n\n\r\n");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_StreamedEvent)->Arg(1)->Arg(64)->UseRealTime();

}  // namespace
}  // namespace fathom::http
