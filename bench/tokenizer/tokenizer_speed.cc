// tokenizer_speed TOKENIZER_JSON TEXT ROUNDS IDS
//
// Encodes the documents of TEXT (separated by zero bytes) ROUNDS times on one thread and prints the
// processor seconds of each round as JSON, the first with a cold cache. Added tokens are
// recognised, as the other side does. IDS receives the ids of all documents as int32, for
// comparison.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "tokenizer/tokenizer.h"

namespace fathom {
namespace {

// Of processor time: what else the machine does counts little.
double Seconds() {
  timespec now;
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

Status Run(const std::string& tokenizer_path, const std::string& text_path, int rounds,
           const std::string& ids_path) {
  const double load_begin = Seconds();
  FATHOM_ASSIGN_OR_RETURN(const Tokenizer tokenizer, Tokenizer::Load(tokenizer_path));
  const double load_seconds = Seconds() - load_begin;
  FATHOM_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::Open(text_path));
  std::vector<std::string_view> documents;
  for (std::string_view left = file.text(); !left.empty();) {
    const size_t size = std::min(left.find('\0'), left.size());
    documents.push_back(left.substr(0, size));
    left.remove_prefix(std::min(size + 1, left.size()));
  }
  std::vector<int32_t> all;
  std::string seconds;
  for (int round = 0; round < rounds; ++round) {
    all.clear();
    const double begin = Seconds();
    for (const std::string_view document : documents) {
      const std::vector<int32_t> ids = tokenizer.Encode(document, AllowSpecial::kYes);
      all.insert(all.end(), ids.begin(), ids.end());
    }
    seconds += fmt::format("{}{}", round == 0 ? "" : ", ", Seconds() - begin);
  }
  std::ofstream out(ids_path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(all.data()),
            static_cast<std::streamsize>(all.size() * sizeof(int32_t)));
  if (!out.flush()) return Internal("{}: cannot be written", ids_path);
  fmt::print("{{\"load_seconds\": {}, \"round_seconds\": [{}]}}\n", load_seconds, seconds);
  return {};
}

}  // namespace
}  // namespace fathom

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: tokenizer_speed TOKENIZER_JSON TEXT ROUNDS IDS\n");
    return 1;
  }
  const fathom::Status status = fathom::Run(argv[1], argv[2], std::atoi(argv[3]), argv[4]);
  if (status.ok()) return 0;
  fmt::print(stderr, "error: {}\n", status.message());
  return 1;
}
