// A whole safetensors file, or a header with a right length before it: a random length would hide
// everything behind it. The first byte chooses; in the second form the next one is the number of
// data bytes.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/safetensors_writer.h"

namespace fathom {
namespace {

std::vector<uint8_t> FileFrom(const uint8_t* data, size_t size) {
  if (size < 2 || data[0] % 2 == 0) return {data, data + size};
  const uint64_t length = size - 2;
  std::vector<uint8_t> file(sizeof(length) + length + data[1]);
  std::memcpy(file.data(), &length, sizeof(length));
  if (length > 0) std::memcpy(file.data() + sizeof(length), data + 2, length);
  return file;
}

// What is accepted covers the end of the file without a gap, and says the same when written again.
void CheckAccepted(const SafetensorsHeader& header, size_t file_size) {
  std::vector<PlannedTensor> planned;
  uint64_t at = header.entries.empty() ? file_size : header.entries.front().begin;
  for (const SafetensorsEntry& entry : header.entries) {
    FATHOM_CHECK(entry.begin == at && entry.end >= entry.begin, "{}", entry.name);
    at = entry.end;
    planned.push_back({entry.name, entry.dtype, entry.shape});
    FATHOM_CHECK(static_cast<uint64_t>(planned.back().bytes()) == entry.end - entry.begin, "{}",
                 entry.name);
  }
  FATHOM_CHECK(at == file_size, "{} of {}", at, file_size);

  const std::string preamble = SafetensorsPreamble(planned);
  std::vector<uint8_t> again(preamble.begin(), preamble.end());
  for (const PlannedTensor& tensor : planned) {
    again.resize(again.size() + static_cast<size_t>(tensor.bytes()));
  }
  const Result<SafetensorsHeader> reread = ParseSafetensors(again);
  FATHOM_CHECK(reread.ok(), "{}", reread.status().message());
  FATHOM_CHECK(reread->entries.size() == planned.size(), "{} entries", reread->entries.size());
  for (const SafetensorsEntry& entry : reread->entries) {
    bool found = false;
    for (const SafetensorsEntry& before : header.entries) {
      found |=
          entry.name == before.name && entry.shape == before.shape && entry.dtype == before.dtype;
    }
    FATHOM_CHECK(found, "{}", entry.name);
  }
}

}  // namespace
}  // namespace fathom

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<uint8_t> file = fathom::FileFrom(data, size);
  const auto header = fathom::ParseSafetensors(file);
  if (header.ok()) {
    fathom::CheckAccepted(*header, file.size());
  } else {
    FATHOM_CHECK(header.status().message().find('\n') == std::string::npos, "more than one line");
  }
  return 0;
}
