// However the text is cut, the same text is released and the same stop string hit.
//
// Input: the number of stop strings, then for each its length and its bytes, the length of every
// piece, and the text.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/stop_scanner.h"
#include "base/byte_reader.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fathom::ByteReader reader({data, size});
  const auto text_of = [&](size_t length) {
    const auto bytes = *reader.ReadBytes(std::min(length, reader.left()));
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  std::vector<std::string> stops(reader.Read<uint8_t>().value_or(0) % 5);
  for (std::string& stop : stops) stop = text_of(reader.Read<uint8_t>().value_or(0) % 8);
  const size_t step = reader.Read<uint8_t>().value_or(0) % 8 + 1;
  const std::string text = text_of(reader.left());

  auto whole = fathom::StopScanner::Create(stops);
  auto cut = fathom::StopScanner::Create(stops);
  FATHOM_CHECK(whole.ok() == cut.ok(), "the same stop strings");
  if (!whole.ok()) return 0;
  std::string at_once = whole->Add(text);
  at_once += whole->Finish();
  std::string in_pieces;
  for (size_t at = 0; at < text.size(); at += step) in_pieces += cut->Add(text.substr(at, step));
  in_pieces += cut->Finish();
  FATHOM_CHECK(at_once == in_pieces && whole->hit() == cut->hit(), "pieces of {} bytes", step);
  FATHOM_CHECK(text.starts_with(at_once), "released what didn't come");
  FATHOM_CHECK(whole->hit() || at_once == text, "lost text without a hit");
  for (const std::string& stop : stops) {
    FATHOM_CHECK(at_once.find(stop) == std::string::npos, "released a stop string");
  }
  return 0;
}
