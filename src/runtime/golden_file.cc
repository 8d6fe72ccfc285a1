#include "runtime/golden_file.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace fathom {
namespace {

template <typename T>
Result<std::vector<T>> Elements(const TensorView& view, DType wanted) {
  if (view.dtype != wanted) {
    return InvalidArgument("has type {}, expected {}", Name(view.dtype), Name(wanted));
  }
  std::vector<T> values(static_cast<size_t>(view.elements()));
  if (!values.empty()) std::memcpy(values.data(), view.data, values.size() * sizeof(T));
  return values;
}

Status ReadList(const TensorView& view, std::vector<int32_t>* out) {
  if (view.shape.rank() != 1) {
    return InvalidArgument("has shape {}, expected one dimension", view.shape.ToString());
  }
  FATHOM_ASSIGN_OR_RETURN(*out, Elements<int32_t>(view, DType::kI32));
  return {};
}

Status CheckMatrix(const TensorView& view) {
  if (view.shape.rank() == 2) return {};
  return InvalidArgument("has shape {}, expected two dimensions", view.shape.ToString());
}

Result<GoldenRows> ReadRows(const TensorView& view) {
  FATHOM_RETURN_IF_ERROR(CheckMatrix(view));
  GoldenRows rows{view.shape[0], view.shape[1], {}};
  FATHOM_ASSIGN_OR_RETURN(rows.values, Elements<float>(view, DType::kF32));
  return rows;
}

Result<GoldenSelection> ReadSelection(const TensorView& view) {
  FATHOM_RETURN_IF_ERROR(CheckMatrix(view));
  GoldenSelection rows{view.shape[0], view.shape[1], {}};
  FATHOM_ASSIGN_OR_RETURN(rows.values, Elements<int32_t>(view, DType::kI32));
  return rows;
}

// "topk.3" → 3 for the prefix "topk."
std::optional<int64_t> IndexAfter(std::string_view field, std::string_view prefix) {
  if (!field.starts_with(prefix)) return std::nullopt;
  field.remove_prefix(prefix.size());
  int64_t index = -1;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), index);
  const bool whole = error == std::errc() && end == field.data() + field.size() && index >= 0;
  return whole ? std::optional(index) : std::nullopt;
}

// Official numbers have the same names behind a prefix, and one kind of their own.
Status ReadField(std::string_view field, const TensorView& view, GoldenCase* out) {
  if (field == "ids") return ReadList(view, &out->ids);
  constexpr std::string_view kPrefix = "official_";
  const bool official = field.starts_with(kPrefix);
  if (official) field.remove_prefix(kPrefix.size());
  (official ? out->official : out->plain) = true;
  if (field == "logits") {
    FATHOM_ASSIGN_OR_RETURN(out->logits, ReadRows(view));
    return {};
  }
  if (const auto layer = IndexAfter(field, "topk.")) {
    FATHOM_ASSIGN_OR_RETURN(out->topk[*layer], ReadSelection(view));
    return {};
  }
  if (official) {
    if (field != "decode_logits") {
      return InvalidArgument("is none of official_logits, official_decode_logits, official_topk.N");
    }
    FATHOM_ASSIGN_OR_RETURN(out->decode_logits, ReadRows(view));
    return {};
  }
  if (field == "positions") return ReadList(view, &out->positions);
  if (field == "greedy") return ReadList(view, &out->greedy);
  if (field == "margin") {
    FATHOM_ASSIGN_OR_RETURN(out->margin, Elements<float>(view, DType::kF32));
    return {};
  }
  if (field == "mtp_logits") {
    FATHOM_ASSIGN_OR_RETURN(out->mtp_logits, ReadRows(view));
    return {};
  }
  if (const auto index = IndexAfter(field, "hidden.")) {
    FATHOM_ASSIGN_OR_RETURN(out->hidden[*index], ReadRows(view));
    return {};
  }
  return InvalidArgument(
      "is none of ids, positions, logits, mtp_logits, hidden.N, topk.N, greedy, margin");
}

Status CheckCase(const GoldenCase& c) {
  if (c.ids.empty()) return InvalidArgument("has no ids");
  for (const int32_t position : c.positions) {
    if (position < 0 || position >= c.size()) {
      return InvalidArgument("positions holds {}, outside [0, {}]", position, c.size() - 1);
    }
  }
  if (c.official && c.plain) {
    return InvalidArgument("holds official numbers and others; expected one kind a case");
  }
  const auto given = static_cast<int64_t>(c.positions.size());
  const int64_t logits = c.positions.empty() ? c.size() : given;
  if (c.logits && c.logits->rows != logits) {
    return InvalidArgument("logits has {} rows, expected {}", c.logits->rows, logits);
  }
  const int64_t mtp = c.positions.empty() ? c.size() - 1 : given;
  if (c.mtp_logits && c.mtp_logits->rows != mtp) {
    return InvalidArgument("mtp_logits has {} rows, expected {}", c.mtp_logits->rows, mtp);
  }
  if (c.decode_logits && (c.decode_logits->rows < 1 || c.decode_logits->rows >= c.size())) {
    return InvalidArgument("official_decode_logits has {} rows, expected 1 to {}",
                           c.decode_logits->rows, c.size() - 1);
  }
  for (const auto& [index, rows] : c.hidden) {
    if (rows.rows > c.size()) return InvalidArgument("hidden.{} has too many rows", index);
  }
  for (const auto& [layer, rows] : c.topk) {
    if (rows.rows > c.size()) return InvalidArgument("topk.{} has too many rows", layer);
  }
  if (!c.margin.empty() && c.margin.size() != c.greedy.size()) {
    return InvalidArgument("margin has {} elements, greedy {}", c.margin.size(), c.greedy.size());
  }
  return {};
}

}  // namespace

Result<std::vector<GoldenCase>> ReadGolden(const std::string& path) {
  FATHOM_ASSIGN_OR_RETURN(const TensorSource source, TensorSource::OpenFile(path));
  std::map<std::string, GoldenCase> cases;
  for (const StoredTensor& tensor : source.tensors()) {
    const size_t dot = tensor.name.find('.');
    if (dot == std::string::npos) {
      return InvalidArgument("{}: expected CASE.NAME", source.Place(tensor));
    }
    GoldenCase& c = cases[tensor.name.substr(0, dot)];
    const Status read = ReadField(std::string_view(tensor.name).substr(dot + 1), tensor.view, &c);
    if (!read.ok()) return read.At(source.Place(tensor));
  }
  std::vector<GoldenCase> sorted;
  for (auto& [name, c] : cases) {
    c.name = name;
    FATHOM_RETURN_IF_ERROR(CheckCase(c).At(fmt::format("{}: {}", path, name)));
    sorted.push_back(std::move(c));
  }
  if (sorted.empty()) return InvalidArgument("{}: holds no golden data", path);
  std::sort(sorted.begin(), sorted.end(), [](const GoldenCase& a, const GoldenCase& b) {
    return std::pair(a.size(), std::string_view(a.name)) <
           std::pair(b.size(), std::string_view(b.name));
  });
  return sorted;
}

}  // namespace fathom
