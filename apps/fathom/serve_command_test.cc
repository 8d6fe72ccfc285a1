// `fathom serve` with the bundled model, as its owner and its clients find it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <sstream>
#include <thread>

#include "support/api_client.h"
#include "support/program.h"

namespace fathom {
namespace {

using std::string;
using test::Get;
using test::HttpAnswer;
using test::HttpClient;
using test::JoinChat;
using test::JsonOf;
using test::Post;
using test::ProgramResult;
using test::RunFathom;
using test::TextAt;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kWords[] = "Write these words in reverse order: dog, shovel, cave";
constexpr char kReversed[] = "cave, shovel, dog";

// False when it doesn't happen within a minute.
template <typename Condition>
bool Eventually(const Condition& condition) {
  for (int i = 0; i < 6000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

// A started server on a free port. `variables` ("NAME=value") are set for it.
class Server {
 public:
  explicit Server(std::vector<string> flags = {}, std::vector<string> variables = {})
      : program_(CommandLine(std::move(flags), std::move(variables))) {
    FATHOM_CHECK(Eventually([&] { return Said("fathom serves fathom-nano at "); }), "{}",
                 program_.ErrSoFar());
    const string line = program_.OutSoFar() + program_.ErrSoFar();
    port_ = static_cast<uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
  }

  uint16_t port() const { return port_; }
  void Signal(int signal) const { program_.Signal(signal); }
  string Errors() const { return program_.ErrSoFar(); }
  string Output() const { return program_.OutSoFar(); }
  ProgramResult Wait() { return program_.Wait(); }
  ProgramResult Stop() {
    Signal(SIGTERM);
    return Wait();
  }

 private:
  static std::vector<string> CommandLine(std::vector<string> flags, std::vector<string> variables) {
    std::vector<string> args = {"/usr/bin/env"};
    args.insert(args.end(), variables.begin(), variables.end());
    for (const char* arg : {FATHOM_PROGRAM, "serve", "--port", "0"}) args.emplace_back(arg);
    args.insert(args.end(), flags.begin(), flags.end());
    return args;
  }
  // The whole line, on either output.
  bool Said(std::string_view text) const {
    for (const string& output : {program_.OutSoFar(), program_.ErrSoFar()}) {
      const size_t at = output.find(text);
      if (at != output.npos && output.find('\n', at) != output.npos) return true;
    }
    return false;
  }

  test::Program program_;
  uint16_t port_ = 0;
};

string Chat(std::string_view prompt, std::string_view more) {
  return fmt::format(R"({{"messages": [{{"role": "user", "content": "{}"}}], {}}})", prompt, more);
}
HttpAnswer Ask(uint16_t port, const string& headers = "") {
  return Post(port, "/v1/chat/completions", Chat(kWords, R"("temperature": 0)"), headers);
}
string Bearer(const string& key) { return "Authorization: Bearer " + key + "\r\n"; }

// A stream of so many tokens, of which at least one has come.
std::unique_ptr<HttpClient> BeginStream(uint16_t port, int tokens) {
  auto client = std::make_unique<HttpClient>(port);
  const string more = fmt::format(
      R"("stream": true, "stream_options": {{"include_usage": true}}, "ignore_eos": true, "max_tokens": {})",
      tokens);
  client->Send(test::PostText("/v1/chat/completions", Chat("Tell me a story.", more)));
  EXPECT_THAT(client->ReadUntil("\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  EXPECT_NE(client->ReadUntil("\"content\":\""), "");
  return client;
}

bool AcceptsConnections(uint16_t port) {
  const FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
}

string ContentOf(const string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// --- Answers.

TEST(ServeCommand, StreamsAnAnswer) {
  Server server;
  const HttpAnswer answer = Post(server.port(), "/v1/chat/completions",
                                 Chat(kWords, R"("temperature": 0, "stream": true)"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.Header("Content-Type"), StartsWith("text/event-stream"));
  const test::Streamed streamed = JoinChat(answer.body);
  EXPECT_EQ(streamed.content, kReversed);
  EXPECT_EQ(streamed.finish, "stop");
  EXPECT_TRUE(streamed.done);
  const ProgramResult end = server.Stop();
  EXPECT_EQ(end.exit_code, 0) << end.err;
}

TEST(ServeCommand, NeighboursChangeNoAnswer) {
  Server server;
  const string bodies[] = {
      Chat("Tell me a story about a fox.", R"("temperature": 0, "max_tokens": 120)"),
      Chat("Tell me a story about a ship.",
           R"("temperature": 1.2, "seed": 7, "max_tokens": 120, "ignore_eos": true)")};
  string alone[2];
  for (size_t i = 0; i < 2; ++i) {
    const auto answer = JsonOf(Post(server.port(), "/v1/chat/completions", bodies[i]));
    alone[i] = TextAt(answer, "choices.0.message.content");
    EXPECT_GT(alone[i].size(), 40U);
  }
  HttpClient first(server.port()), second(server.port());
  first.Send(test::PostText("/v1/chat/completions", bodies[0]));
  second.Send(test::PostText("/v1/chat/completions", bodies[1]));
  EXPECT_EQ(TextAt(JsonOf(first.Read()), "choices.0.message.content"), alone[0]);
  EXPECT_EQ(TextAt(JsonOf(second.Read()), "choices.0.message.content"), alone[1]);
}

TEST(ServeCommand, OneConnectionTakesRequestAfterRequest) {
  Server server;
  HttpClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    client.Send(test::GetText("/health"));
    EXPECT_EQ(client.Read().status, 200);
    client.Send(test::PostText("/v1/chat/completions",
                               Chat(kWords, R"("temperature": 0, "stream": true)")));
    EXPECT_EQ(JoinChat(client.Read().body).content, kReversed);
  }
}

TEST(ServeCommand, NamesAndPrices) {
  const test::TempDir dir;
  const string prices = dir.Write(
      "prices.json",
      R"({"currency": "EUR", "per_million": {"cache_hit": 0, "cache_miss": 1000000, "output": 0}})");
  Server server({"--served-model-name", "nano", "--served-model-name", "small", "--alias",
                 "agent=thinking", "--alias", "deepseek-chat=thinking", "--prices", prices});
  const auto models = JsonOf(Get(server.port(), "/v1/models"));
  std::vector<string> ids;
  for (const json::Value& model : models.Find("data")->array()) ids.push_back(TextAt(model, "id"));
  EXPECT_THAT(ids,
              testing::ElementsAre("nano", "small", "deepseek-reasoner", "agent", "deepseek-chat"));
  const auto ask = [&](std::string_view model) {
    return Post(server.port(), "/v1/chat/completions",
                Chat("hi", fmt::format(R"("max_tokens": 4, "model": "{}")", model)));
  };
  const auto mode = [&](std::string_view model) {
    return TextAt(JsonOf(ask(model)), "thinking.type");
  };
  EXPECT_EQ(mode("nano"), "disabled");
  EXPECT_EQ(mode("agent"), "enabled");
  EXPECT_EQ(mode("deepseek-chat"), "enabled");  // the owner's word goes before ours
  const auto usage = test::At(JsonOf(ask("small")), "usage");
  EXPECT_GT(*usage.Find("cost")->AsDouble(), 0);
  EXPECT_EQ(*usage.Find("cost")->AsDouble(), *usage.Find("prompt_cache_miss_tokens")->AsDouble());
  const HttpAnswer unknown = ask("gpt-4");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, HasSubstr("agent"));
}

// --- Keys.

TEST(ServeCommand, OneKey) {
  const string key = "a key of some length";
  Server server({}, {"FATHOM_API_KEY=" + key});
  EXPECT_EQ(Ask(server.port()).status, 401);
  EXPECT_EQ(Ask(server.port(), Bearer("another key of length")).status, 401);
  EXPECT_EQ(Ask(server.port(), Bearer(key)).status, 200);
  EXPECT_EQ(Ask(server.port(), "x-api-key: " + key + "\r\n").status, 200);
  EXPECT_EQ(Get(server.port(), "/health").status, 200);
  for (const char* path : {"/metrics", "/v1/engine", "/v1/models"}) {
    EXPECT_EQ(Get(server.port(), path).status, 401) << path;
    EXPECT_EQ(Get(server.port(), path, Bearer(key)).status, 200) << path;
  }
}

// The page itself tells nothing, so it needs no key; what it asks the server does.
TEST(ServeCommand, ChatPage) {
  const string html = "Accept: text/html\r\n";
  Server server({}, {"FATHOM_API_KEY=a key of some length"});
  const string address = "http://127.0.0.1:" + std::to_string(server.port());
  EXPECT_THAT(server.Output(), HasSubstr("\nits chat page is " + address + "/\n"));
  const HttpAnswer page = Get(server.port(), "/", html);
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr("<title>Fathom</title>"));
  EXPECT_EQ(Get(server.port(), "/v1/agent", html).status, 401);

  Server without({"--page", "off"});
  EXPECT_THAT(without.Output(), testing::Not(HasSubstr("page")));
  EXPECT_EQ(Get(without.port(), "/", html).body, R"({"server":"fathom"})");
}

struct MadeKey {
  string key, entry;
};
MadeKey MakeKey(const string& name) {
  const string out = RunFathom({"make-key", name}).out;
  const size_t entry = out.find("\nentry  ");
  FATHOM_CHECK(out.starts_with("key    fathom-") && entry != out.npos, "{}", out);
  return {out.substr(7, entry - 7), out.substr(entry + 8, out.size() - entry - 9)};
}

TEST(ServeCommand, KeysAreReadAgain) {
  const test::TempDir dir;
  const MadeKey alice = MakeKey("alice"), bob = MakeKey("bob");
  const auto with = [](const MadeKey& made, std::string_view more) {
    return made.entry.substr(0, made.entry.size() - 1) + ", " + string(more) + "}";
  };
  const string file =
      dir.Write("keys.json", R"({"keys": [)" + alice.entry + ", " + bob.entry + "]}");
  Server server({"--api-keys", file});
  const auto status = [&](const MadeKey& made) {
    return Ask(server.port(), Bearer(made.key)).status;
  };
  const auto reload = [&](std::string_view content, const string& told) {
    dir.Write("keys.json", content);
    server.Signal(SIGHUP);
    EXPECT_TRUE(Eventually([&] { return server.Errors().find(told) != string::npos; })) << told;
  };
  EXPECT_EQ(status(alice), 200);
  EXPECT_EQ(status(bob), 200);
  EXPECT_EQ(Ask(server.port()).status, 401);

  reload(R"({"keys": [)" + with(alice, "\"revoked\": true") + ", " + bob.entry + "]}",
         "1 keys read");
  EXPECT_EQ(status(alice), 401);
  EXPECT_EQ(status(bob), 200);

  reload(R"({"keys": [{"name": "bob")", "the keys stay as they are: ");
  EXPECT_THAT(server.Errors(), HasSubstr("keys.json: byte "));
  EXPECT_EQ(status(alice), 401);
  EXPECT_EQ(status(bob), 200);

  reload(R"({"keys": [)" + alice.entry + ", " + with(bob, "\"requests_per_minute\": 1") + "]}",
         "2 keys read");
  EXPECT_EQ(status(alice), 200);
  EXPECT_EQ(status(bob), 200);
  const HttpAnswer refused = Ask(server.port(), Bearer(bob.key));
  EXPECT_EQ(refused.status, 429);
  EXPECT_NE(refused.Header("Retry-After"), "");
  EXPECT_EQ(server.Stop().exit_code, 0);
}

TEST(ServeCommand, ReloadingWithoutAFileIsHarmless) {
  Server server;
  server.Signal(SIGHUP);
  EXPECT_TRUE(Eventually([&] { return server.Errors().find("--api-keys") != string::npos; }));
  EXPECT_EQ(Ask(server.port()).status, 200);
}

// --- Settings.

TEST(ServeCommand, FlagsGoBeforeTheEnvironmentAndThatBeforeTheFile) {
  const test::TempDir dir;
  const string file = dir.Write("serve.json",
                                R"({"max-running": 3, "context": 2048, "share-cache": true,
                                    "alias": ["one", "two=thinking"]})");
  const auto running_limit = [&](const Server& server) {
    const string page = Get(server.port(), "/metrics").body;
    const string name = "\nfathom_requests_running_limit ";
    return std::atoi(page.c_str() + page.find(name) + name.size());
  };
  EXPECT_EQ(
      running_limit(Server({"--max-running", "6", "--config", file}, {"FATHOM_MAX_RUNNING=5"})), 6);
  EXPECT_EQ(running_limit(Server({"--config", file}, {"FATHOM_MAX_RUNNING=5"})), 5);
  Server server({}, {"FATHOM_CONFIG=" + file});
  EXPECT_EQ(running_limit(server), 3);
  EXPECT_EQ(TextAt(JsonOf(Get(server.port(), "/v1/engine")), "context"), "2048");
  EXPECT_THAT(Get(server.port(), "/v1/models").body, HasSubstr("\"two\""));
}

struct Refusal {
  const char* config;  // the file's content; empty: none
  std::vector<string> flags;
  const char* message;  // a part of it
};

TEST(ServeCommand, WhatCannotBeServedIsRefusedInOneLine) {
  const test::TempDir dir;
  const Refusal refusals[] = {
      {R"({"max_running": 3})", {}, "serve.json: there is no setting \"max_running\""},
      {R"({"port": "many"})", {}, "serve.json: port: "},
      {R"({"port": 80.5})", {}, "serve.json: port: "},
      {R"({"share-cache": "perhaps"})", {}, "serve.json: share-cache: "},
      {R"({"thinking": "maybe"})", {}, "serve.json: thinking: "},
      {R"({"host": ["127.0.0.1"]})", {}, "serve.json: host: takes one value, found a list"},
      {R"({"alias": {}})", {}, "serve.json: alias: "},
      {R"([8080])", {}, "serve.json: settings: expected object, found array"},
      {R"({"port": )", {}, "serve.json: byte "},
      {"", {"--config", "/nonexistent.json"}, "/nonexistent.json: No such file or directory"},
      {"", {"--nonsense"}, "--nonsense"},
      {"", {"--max-running", "many"}, "--max-running"},
      {"", {"--max-running", "0"}, "--max-running: 0 is outside [1, 1024]"},
      {"", {"--cache-memory", "much"}, "--cache-memory: "},
      {"",
       {"--cache-memory", "1MB"},
       "a cache of 1.0 MB holds 64 tokens, and one context has 32768: that needs "},
      {"",
       {"--host", "0.0.0.0"},
       "--host 0.0.0.0: whoever reaches this address could use the "
       "server; --api-key or --api-keys is needed"},
      {"", {"--host", "::"}, "--host ::: whoever"},
      {"", {"--host", "example.org", "--api-key", "0123456789abcdef"}, "'example.org' is no IP"},
      {"", {"--api-key", "short"}, "--api-key: 5 characters are easily guessed"},
      {"", {"--api-key", "0123456789abcdef", "--api-keys", "x"}, "one of them is enough"},
      {"", {"--api-keys", "/nonexistent.json"}, "/nonexistent.json: No such file or directory"},
      {"", {"--tls-key", "key.pem"}, "--tls-certificate and --tls-key: TLS needs both"},
      {"",
       {"--tls-key", "/nonexistent.pem", "--tls-certificate", "/nonexistent.pem"},
       "/nonexistent.pem: no PEM certificate could be read"},
      {"", {"--alias", "a=b"}, "alias \"a=b\": expected NAME, NAME=thinking or NAME=chat"},
      {"", {"--alias", "a", "--served-model-name", "a"}, "the model's name \"a\" is given twice"},
      {"", {"--prices", "/nonexistent.json"}, "/nonexistent.json: No such file or directory"},
      {"", {"--access-log", "/nonexistent/log"}, "/nonexistent/log: No such file or directory"},
      {"", {"/nonexistent"}, "/nonexistent"},
  };
  for (const Refusal& refusal : refusals) {
    std::vector<string> args = {"serve", "--port", "0"};
    if (*refusal.config != '\0') {
      args = {"serve", "--config", dir.Write("serve.json", refusal.config)};
    }
    args.insert(args.end(), refusal.flags.begin(), refusal.flags.end());
    const ProgramResult run = RunFathom(args);
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, StartsWith("error: "));
    EXPECT_THAT(run.err, HasSubstr(refusal.message));
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  }
}

TEST(ServeCommand, APortThatIsTaken) {
  Server server;
  const string port = std::to_string(server.port());
  const ProgramResult second = RunFathom({"serve", "--port", port});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_EQ(second.err,
            "error: can't listen on 127.0.0.1 port " + port + ": Address already in use\n");
  EXPECT_EQ(Ask(server.port()).status, 200);
}

// --- TLS.

TEST(ServeCommand, SpeaksTls) {
  const test::TempDir dir;
  const string key = dir.File("key.pem"), certificate = dir.File("certificate.pem");
  const ProgramResult made =
      test::Program({"/usr/bin/env", "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate,
                     "-days", "2", "-subj", "/CN=localhost", "-addext",
                     "subjectAltName=DNS:localhost,IP:127.0.0.1"})
          .Wait();
  ASSERT_EQ(made.exit_code, 0) << made.err;
  Server server({"--tls-certificate", certificate, "--tls-key", key});
  const auto ask = [&](const std::vector<string>& more) {
    std::vector<string> args = {"/usr/bin/env",
                                "openssl",
                                "s_client",
                                "-quiet",
                                "-verify_return_error",
                                "-CAfile",
                                certificate,
                                "-servername",
                                "localhost",
                                "-verify_hostname",
                                "localhost",
                                "-connect",
                                fmt::format("127.0.0.1:{}", server.port())};
    args.insert(args.end(), more.begin(), more.end());
    return test::Program(args,
                         test::PostText("/v1/chat/completions", Chat(kWords, R"("temperature": 0)"),
                                        "Connection: close\r\n"))
        .Wait()
        .out;
  };
  EXPECT_THAT(ask({}), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(ask({"-tls1_2"}), HasSubstr(kReversed));
  EXPECT_EQ(ask({"-tls1_1"}), "");
  HttpClient plain(server.port());
  plain.Send(test::GetText("/health"));
  EXPECT_EQ(plain.Read().status, 0);
  EXPECT_EQ(server.Stop().exit_code, 0);
}

// --- The end.

TEST(ServeCommand, SigtermLetsStreamsEnd) {
  Server server;
  constexpr int kTokens = 600;
  auto first = BeginStream(server.port(), kTokens), second = BeginStream(server.port(), kTokens);
  server.Signal(SIGTERM);
  EXPECT_TRUE(Eventually([&] { return !AcceptsConnections(server.port()); }));
  for (HttpClient* client : {first.get(), second.get()}) {
    const string rest = client->ReadAll();
    EXPECT_THAT(rest, HasSubstr(fmt::format("\"completion_tokens\":{}", kTokens)));
    EXPECT_THAT(rest, HasSubstr("data: [DONE]"));
  }
  const ProgramResult end = server.Wait();
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_THAT(end.err, HasSubstr("stopping; answers on their way have 30 seconds"));
  EXPECT_THAT(end.err, Not(HasSubstr("cut off")));
}

TEST(ServeCommand, WhatDoesNotEndInTimeIsCut) {
  Server server({"--drain-seconds", "0"});
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(BeginStream(server.port(), 20'000));
  HttpClient whole(server.port());  // an answer in one piece, which nobody writes to meanwhile
  whole.Send(test::PostText("/v1/chat/completions",
                            Chat("hi", R"("ignore_eos": true, "max_tokens": 20000)")));
  const ProgramResult end = server.Stop();
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_THAT(end.err, HasSubstr("some answers were cut off\n"));
  for (const auto& client : clients) EXPECT_THAT(client->ReadAll(), Not(HasSubstr("[DONE]")));
}

TEST(ServeCommand, ASecondSigtermEndsItAtOnce) {
  Server server;
  const auto client = BeginStream(server.port(), 20'000);
  server.Signal(SIGTERM);
  ASSERT_TRUE(Eventually([&] { return server.Errors().find("stopping") != string::npos; }));
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait().exit_code, -SIGTERM);
}

// --- The access log.

std::vector<json::Value> LogLines(const string& text) {
  std::vector<json::Value> lines;
  std::istringstream stream(text);
  for (string line; std::getline(stream, line);) {
    const auto value = json::Parse(line);
    EXPECT_TRUE(value.ok() && value->is_object()) << line;
    if (value.ok()) lines.push_back(*value);
  }
  return lines;
}

TEST(ServeCommand, TheAccessLogHoldsNobodysWords) {
  const test::TempDir dir;
  const string path = dir.File("access.log"), key = "a key of some length";
  Server server({"--access-log", path, "--api-key", key});
  EXPECT_THAT(Ask(server.port(), Bearer(key)).body, HasSubstr(kReversed));
  EXPECT_EQ(Ask(server.port(), Bearer("the wrong key of all")).status, 401);
  EXPECT_EQ(Get(server.port(), "/v1/shovel", Bearer(key)).status, 404);
  EXPECT_EQ(
      Post(server.port(), "/v1/chat/completions", Chat("shovel", "\"temperature\": 9"), Bearer(key))
          .status,
      400);
  EXPECT_EQ(server.Stop().exit_code, 0);

  const string text = ContentOf(path);
  for (const char* word : {"shovel", "reverse", "cave", "key of", "role", "content"}) {
    EXPECT_THAT(text, Not(HasSubstr(word)));
  }
  struct stat info = {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  std::vector<string> told;
  for (const json::Value& line : LogLines(text)) {
    told.push_back(TextAt(line, "event") == "answer"
                       ? "answer " + TextAt(line, "end")
                       : TextAt(line, "path") + " " + TextAt(line, "status"));
  }
  EXPECT_THAT(told, testing::UnorderedElementsAre("/v1/chat/completions 200", "answer stop",
                                                  "/v1/chat/completions 401", "other 404",
                                                  "/v1/chat/completions 400"));
}

TEST(ServeCommand, TheManualNamesEveryMetricAndEveryFieldOfTheLog) {
  const string manual = ContentOf(FATHOM_SOURCE_DIR "/docs/serve.md");
  const auto named = [&](const string& name) {
    return manual.find("`" + name + "`") != string::npos ||
           manual.find("`" + name + "{") != string::npos;
  };
  Server server({"--access-log", "-"});
  EXPECT_EQ(Ask(server.port()).status, 200);
  const string metrics = Get(server.port(), "/metrics").body;
  size_t at = 0, metric_count = 0;
  for (const string mark = "# TYPE fathom_"; (at = metrics.find(mark, at)) != metrics.npos;) {
    at += mark.size();
    const string name = metrics.substr(at, metrics.find(' ', at) - at);
    EXPECT_TRUE(named(name)) << name;
    ++metric_count;
  }
  EXPECT_GT(metric_count, 20U);
  const auto lines = LogLines(server.Stop().out);
  EXPECT_EQ(lines.size(), 3U);
  for (const json::Value& line : lines) {
    for (const json::Member& field : line.object()) {
      EXPECT_TRUE(field.key == "event" || named(field.key)) << field.key;
    }
  }
}

TEST(ServeCommand, AnAccessLogOnStandardOutputIsAlone) {
  Server server({"--access-log", "-"});
  EXPECT_EQ(Get(server.port(), "/health").status, 200);
  EXPECT_EQ(LogLines(server.Stop().out).size(), 1U);
}

}  // namespace
}  // namespace fathom
