#include "checkpoint/safetensors_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdio>

#include "json/write.h"

namespace fathom {
namespace {

// The data begins on a cache line, so that tensors ordered by element size are aligned.
constexpr size_t kDataAlignment = 64;

}  // namespace

std::string SafetensorsPreamble(const std::vector<PlannedTensor>& tensors) {
  std::string header = R"({"__metadata__":{"format":"pt"})";
  int64_t at = 0;
  for (const PlannedTensor& tensor : tensors) {
    json::Array shape;
    for (int i = 0; i < tensor.shape.rank(); ++i) shape.push_back(tensor.shape[i]);
    const json::Object entry = {{"dtype", Name(tensor.dtype)},
                                {"shape", std::move(shape)},
                                {"data_offsets", json::Array{at, at + tensor.bytes()}}};
    header += ',';
    json::DumpString(tensor.name, &header);
    header += ':';
    json::DumpTo(entry, json::Style::kCompact, &header);
    at += tensor.bytes();
  }
  header += '}';
  while ((sizeof(uint64_t) + header.size()) % kDataAlignment != 0) header += ' ';
  const auto length = static_cast<uint64_t>(header.size());
  std::string preamble(sizeof(length), '\0');
  memcpy(preamble.data(), &length, sizeof(length));
  return preamble + header;
}

SafetensorsWriter& SafetensorsWriter::operator=(SafetensorsWriter&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(partial_path_, other.partial_path_);
  std::swap(file_, other.file_);
  std::swap(left_, other.left_);
  std::swap(data_begin_, other.data_begin_);
  return *this;
}

SafetensorsWriter::~SafetensorsWriter() {
  if (!partial_path_.empty()) ::unlink(partial_path_.c_str());
}

Status SafetensorsWriter::Failed(std::string_view what) const {
  const int error = errno;
  const std::string why = fmt::format("{}: {}: {}", partial_path_, what, ::strerror(error));
  return Status(error == ENOSPC || error == EDQUOT ? Code::kResourceExhausted : Code::kInternal,
                why);
}

Result<SafetensorsWriter> SafetensorsWriter::Create(const std::string& path,
                                                    const std::vector<PlannedTensor>& tensors) {
  SafetensorsWriter writer;
  writer.path_ = path;
  const std::string partial = path + ".partial";
  writer.file_ =
      FileDescriptor(::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!writer.file_.valid()) return Internal("{}: cannot be made: {}", partial, ::strerror(errno));
  writer.partial_path_ = partial;
  const std::string preamble = SafetensorsPreamble(tensors);
  writer.data_begin_ = writer.left_ = static_cast<int64_t>(preamble.size());
  FATHOM_RETURN_IF_ERROR(writer.Append(std::as_bytes(std::span(preamble))));
  for (const PlannedTensor& tensor : tensors) writer.left_ += tensor.bytes();
  return writer;
}

Status SafetensorsWriter::Append(std::span<const std::byte> bytes) {
  FATHOM_CHECK(static_cast<int64_t>(bytes.size()) <= left_, "{} bytes, {} planned", bytes.size(),
               left_);
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failed("cannot be written");
    bytes = bytes.subspan(static_cast<size_t>(written));
    left_ -= written;
  }
  return {};
}

Status SafetensorsWriter::LeaveHole() {
  if (::ftruncate(file_.get(), data_begin_ + left_) != 0) return Failed("cannot be sized");
  left_ = 0;
  return {};
}

Status SafetensorsWriter::Finish() {
  FATHOM_CHECK(left_ == 0, "{}: {} bytes were planned and not written", path_, left_);
  if (::rename(partial_path_.c_str(), path_.c_str()) != 0) return Failed("cannot be renamed");
  partial_path_.clear();
  return {};
}

}  // namespace fathom
