#include "checkpoint/safetensors.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <tuple>

#include "base/byte_reader.h"
#include "checkpoint/shown.h"
#include "json/field_reader.h"
#include "json/parse.h"

namespace fathom {
namespace {

// Where the data begins, and the text before it.
struct Layout {
  std::string_view header;
  uint64_t data_begin = 0, data_bytes = 0;
};

Result<Layout> FindHeader(std::span<const uint8_t> file) {
  ByteReader reader(file);
  const auto length = reader.Read<uint64_t>();
  if (!length) {
    return DataLoss("{} bytes, too short for a safetensors file", file.size());
  }
  if (*length > kMaxSafetensorsHeader) {
    return DataLoss("its first 8 bytes give a header of {} bytes, more than the limit of {}",
                    *length, kMaxSafetensorsHeader);
  }
  const auto header = reader.ReadBytes(*length);
  if (!header) {
    return DataLoss("a header of {} bytes, but the file ends after {}", *length, reader.left());
  }
  return Layout{{reinterpret_cast<const char*>(header->data()), header->size()},
                reader.offset(),
                reader.left()};
}

std::string KnownTypes() {
  std::string names;
  for (const DTypeInfo& info : kDTypes) {
    if (!names.empty()) names += ", ";
    names += info.name;
  }
  return names;
}

Result<Shape> ReadShape(const json::FieldReader& fields) {
  FATHOM_ASSIGN_OR_RETURN(const json::Array* dims, fields.Arr("shape"));
  if (dims->size() > Shape::kMaxRank) {
    return Unsupported("{}: {} dimensions, expected at most {}", fields.PathOf("shape"),
                       dims->size(), Shape::kMaxRank);
  }
  int64_t sizes[Shape::kMaxRank] = {};
  for (size_t i = 0; i < dims->size(); ++i) {
    const auto size = (*dims)[i].AsInt64();
    if (!size || *size < 0) {
      return DataLoss("{}: dimension {} is no size", fields.PathOf("shape"), i);
    }
    sizes[i] = *size;
  }
  return Shape(std::span<const int64_t>(sizes, dims->size()));
}

Result<SafetensorsEntry> ReadEntry(const json::Member& member, const Layout& layout) {
  FATHOM_RETURN_IF_ERROR(CheckTensorName(member.key));
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(member.value, member.key));
  const json::FieldReader fields(*object, member.key);
  SafetensorsEntry entry;
  entry.name = member.key;

  FATHOM_ASSIGN_OR_RETURN(const std::string dtype, fields.String("dtype"));
  const auto known = ParseDType(dtype);
  if (!known) {
    return Unsupported("{}: dtype {} is unknown, expected one of {}", entry.name, Shown(dtype),
                       KnownTypes());
  }
  entry.dtype = *known;
  FATHOM_ASSIGN_OR_RETURN(entry.shape, ReadShape(fields));
  const auto bytes = TensorBytes(entry.dtype, entry.shape);
  if (!bytes) {
    return DataLoss("{}: shape {} is larger than any file", entry.name, entry.shape.ToString());
  }

  FATHOM_ASSIGN_OR_RETURN(const json::Array* offsets, fields.Arr("data_offsets"));
  const auto offset = [&](size_t i) -> std::optional<int64_t> {
    return offsets->size() == 2 ? (*offsets)[i].AsInt64() : std::nullopt;
  };
  const auto begin = offset(0), end = offset(1);
  if (!begin || !end || *begin < 0 || *end < *begin) {
    return DataLoss("{}: data_offsets are not a pair [begin, end]", entry.name);
  }
  if (*end - *begin != *bytes) {
    return DataLoss("{}: data_offsets [{}, {}] hold {} bytes, but {} {} needs {}", entry.name,
                    *begin, *end, *end - *begin, Name(entry.dtype), entry.shape.ToString(), *bytes);
  }
  if (static_cast<uint64_t>(*end) > layout.data_bytes) {
    return DataLoss("{}: ends at byte {} of the data, but the file holds {}; it is truncated",
                    entry.name, *end, layout.data_bytes);
  }
  entry.begin = layout.data_begin + static_cast<uint64_t>(*begin);
  entry.end = layout.data_begin + static_cast<uint64_t>(*end);
  return entry;
}

// Sorted entries must follow one another from the first to the last byte of the data.
Status CheckCoverage(const std::vector<SafetensorsEntry>& entries, const Layout& layout) {
  uint64_t at = layout.data_begin;
  const SafetensorsEntry* previous = nullptr;
  const auto gap = [&](uint64_t end) {
    return DataLoss("bytes {} to {} of the data belong to no tensor", at - layout.data_begin,
                    end - layout.data_begin);
  };
  for (const SafetensorsEntry& entry : entries) {
    if (entry.begin < at) {
      return DataLoss("{} and {} overlap: one ends at byte {} of the data, the other begins at {}",
                      previous->name, entry.name, at - layout.data_begin,
                      entry.begin - layout.data_begin);
    }
    if (entry.begin > at) return gap(entry.begin);
    at = entry.end;
    previous = &entry;
  }
  const uint64_t file_end = layout.data_begin + layout.data_bytes;
  return at < file_end ? gap(file_end) : Status();
}

}  // namespace

Status CheckTensorName(std::string_view name) {
  if (name.size() > kMaxTensorName) {
    return DataLoss("a tensor name of {} bytes, more than the limit of {}", name.size(),
                    kMaxTensorName);
  }
  for (const char c : name) {
    if (c < 0x20 || c > 0x7E) {
      return DataLoss("a tensor name with a character outside printable ASCII");
    }
  }
  return {};
}

std::optional<int64_t> TensorBytes(DType dtype, const Shape& shape) {
  int64_t bytes = Bytes(dtype);
  for (int i = 0; i < shape.rank(); ++i) {
    if (__builtin_mul_overflow(bytes, shape[i], &bytes)) return std::nullopt;
  }
  return bytes;
}

Result<SafetensorsHeader> ParseSafetensors(std::span<const uint8_t> file) {
  FATHOM_ASSIGN_OR_RETURN(const Layout layout, FindHeader(file));
  // Names and dtypes lie one level down, shapes and offsets two.
  const Result<json::Value> root =
      json::Parse(layout.header, {.max_depth = 4, .unique_keys = true});
  if (!root.ok()) return root.status().At("header");
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(*root, "header"));
  SafetensorsHeader header;
  for (const json::Member& member : *object) {
    if (member.key == "__metadata__") continue;
    FATHOM_ASSIGN_OR_RETURN(SafetensorsEntry entry, ReadEntry(member, layout));
    header.entries.push_back(std::move(entry));
  }
  // By begin, then end: an empty tensor stands before the one that begins at the same byte.
  std::sort(header.entries.begin(), header.entries.end(),
            [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
              return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
            });
  FATHOM_RETURN_IF_ERROR(CheckCoverage(header.entries, layout));
  return header;
}

}  // namespace fathom
