// A golden file as tests/golden/README.md describes it: per case some of ids, positions, logits,
// hidden.i, topk.i, mtp_logits, greedy and margin; or official_logits, official_topk.i and
// official_decode_logits.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "checkpoint/tensor_source.h"

namespace fathom {

struct GoldenRows {
  int64_t rows = 0, cols = 0;
  std::vector<float> values;  // [rows, cols]
  std::span<const float> row(int64_t r) const {
    return {values.data() + r * cols, static_cast<size_t>(cols)};
  }
};

struct GoldenSelection {
  int64_t rows = 0, cols = 0;
  std::vector<int32_t> values;  // [rows, cols], ascending, padded with -1
};

struct GoldenCase {
  std::string name;  // "len300", "needle_4000"
  std::vector<int32_t> ids;
  std::vector<int32_t> positions;  // rows that logits and mtp_logits are given for; empty: all
  std::optional<GoldenRows> logits, mtp_logits;
  // Of the last rows, one token at a time after a prompt of the others.
  std::optional<GoldenRows> decode_logits;
  std::map<int64_t, GoldenRows> hidden;     // by index; the last rows
  std::map<int64_t, GoldenSelection> topk;  // by layer; the last rows
  std::vector<int32_t> greedy;              // continuation
  std::vector<float> margin;                // best minus second logit of each greedy step

  // Whether the numbers are those of DeepSeek's own inference code: names begin with "official_".
  bool official = false, plain = false;

  int64_t size() const { return static_cast<int64_t>(ids.size()); }
};

// Cases by length. Tensors of other names are refused by name: a file that holds more than is
// compared would seem to be verified and is not.
Result<std::vector<GoldenCase>> ReadGolden(const std::string& path);

}  // namespace fathom
