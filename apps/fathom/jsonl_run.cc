#include "jsonl_run.h"

#include <deque>
#include <string>

#include "agent/request_json.h"
#include "json/parse.h"
#include "json/write.h"

namespace fathom {
namespace {

// An answer that waits for those before it.
struct Pending {
  std::string line;
  bool done = false;
};

class JsonLines {
 public:
  JsonLines(Session& session, const SamplingParams& defaults, int64_t parallel, FILE* out)
      : session_(session), defaults_(defaults), parallel_(parallel), out_(out) {}

  void Run(std::istream& in) {
    bool more = true;
    while (more || running_ > 0) {
      while (more && running_ < parallel_) more = TakeLine(in);
      if (running_ > 0) session_.text->Step();
      WriteFinished();
    }
    WriteFinished();
  }

 private:
  // False at the end of the input. Empty lines are passed over.
  bool TakeLine(std::istream& in) {
    std::string line;
    if (!std::getline(in, line)) return false;
    if (line.find_first_not_of(" \t\r") == std::string::npos) return true;
    Pending& pending = pending_.emplace_back();
    if (const Status status = Submit(line, &pending); !status.ok()) {
      SetLine(&pending, ErrorToJson(status));
    }
    return true;
  }

  Status Submit(const std::string& line, Pending* pending) {
    FATHOM_ASSIGN_OR_RETURN(const json::Value value, json::Parse(line));
    FATHOM_ASSIGN_OR_RETURN(
        const TextRequest request,
        RequestFromJson(value, defaults_, UnknownFields::kWarn, session_.text->grammars()));
    TextCallbacks callbacks;
    callbacks.on_done = [this, pending](const GeneratedMessage& answer) {
      SetLine(pending, answer.status.ok() ? AnswerToJson(answer) : ErrorToJson(answer.status));
      --running_;
    };
    const Result<RequestId> id = session_.text->Submit(request, std::move(callbacks));
    if (!id.ok()) return id.status();
    ++running_;
    return {};
  }

  static void SetLine(Pending* pending, const json::Value& value) {
    pending->line = json::Dump(value, json::Style::kPython);
    pending->done = true;
  }

  void WriteFinished() {
    bool wrote = false;
    while (!pending_.empty() && pending_.front().done) {
      const std::string& line = pending_.front().line;
      std::fwrite(line.data(), 1, line.size(), out_);
      std::fputc('\n', out_);
      pending_.pop_front();
      wrote = true;
    }
    if (wrote) std::fflush(out_);
  }

  Session& session_;
  const SamplingParams& defaults_;
  const int64_t parallel_;
  FILE* out_;
  int64_t running_ = 0;
  std::deque<Pending> pending_;  // references into it stay valid at both ends
};

}  // namespace

Result<int> RunJsonLines(Session& session, const SamplingParams& defaults, int64_t parallel,
                         std::istream& in, FILE* out) {
  JsonLines(session, defaults, parallel, out).Run(in);
  return 0;
}

}  // namespace fathom
