#include "checkpoint/tensor_source.h"

#include <algorithm>

#include "checkpoint/safetensors.h"
#include "checkpoint/shown.h"
#include "json/field_reader.h"
#include "json/parse.h"

namespace fathom {
namespace {

constexpr std::string_view kIndexName = "model.safetensors.index.json";
constexpr std::string_view kSingleName = "model.safetensors";

std::string Join(const std::string& folder, std::string_view name) {
  return fmt::format("{}{}{}", folder, folder.ends_with('/') ? "" : "/", name);
}

Status CheckShardName(const std::string& name) {
  if (name.find_first_of("/\\") != std::string::npos || name == ".." || name == ".") {
    return InvalidArgument("shard {} lies outside the folder, expected a plain file name",
                           Shown(name));
  }
  const bool printable =
      std::all_of(name.begin(), name.end(), [](char c) { return c >= 0x20 && c <= 0x7E; });
  if (!printable || name.size() > 255 || !name.ends_with(".safetensors")) {
    return InvalidArgument("shard {}, expected a file name that ends in .safetensors", Shown(name));
  }
  return {};
}

}  // namespace

Result<WeightIndex> ParseWeightIndex(std::string_view text) {
  FATHOM_ASSIGN_OR_RETURN(const json::Value root,
                          json::Parse(text, {.max_depth = 8, .unique_keys = true}));
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(root, ""));
  FATHOM_ASSIGN_OR_RETURN(const json::Object* map,
                          json::FieldReader(*object, "").Obj("weight_map"));
  WeightIndex index;
  std::unordered_map<std::string_view, size_t> shard_ids;
  for (const json::Member& member : *map) {
    if (const Status bad = CheckTensorName(member.key); !bad.ok()) return bad.At("weight_map");
    if (!member.value.is_string()) {
      return json::WrongKind("weight_map: " + member.key, "string", member.value);
    }
    const std::string& shard = member.value.string();
    const auto [found, added] = shard_ids.try_emplace(shard, index.shards.size());
    if (added) {
      if (const Status bad = CheckShardName(shard); !bad.ok()) {
        return bad.At("weight_map: " + member.key);
      }
      index.shards.push_back(shard);
    }
    index.tensors.emplace_back(member.key, found->second);
  }
  return index;
}

Status TensorSource::AddFile(const std::string& path) {
  FATHOM_ASSIGN_OR_RETURN(MappedFile file, MappedFile::Open(path));
  Result<SafetensorsHeader> header = ParseSafetensors(file.bytes());
  if (!header.ok()) return header.status().At(path);
  const int id = static_cast<int>(files_.size());
  for (SafetensorsEntry& entry : header->entries) {
    bytes_ += static_cast<int64_t>(entry.end - entry.begin);
    tensors_.push_back({.name = std::move(entry.name),
                        .view = {file.bytes().data() + entry.begin, entry.dtype, entry.shape},
                        .file = id});
  }
  files_.push_back(std::move(file));
  return {};
}

Status TensorSource::AddShards(const std::string& folder, const WeightIndex& index) {
  for (size_t shard = 0; shard < index.shards.size(); ++shard) {
    const std::string path = Join(folder, index.shards[shard]);
    const Status added = AddFile(path);
    if (added.code() == Code::kNotFound) {
      const auto count = std::count_if(index.tensors.begin(), index.tensors.end(),
                                       [&](const auto& t) { return t.second == shard; });
      return NotFound("{}: missing, and {} places {} tensors in it", path, kIndexName, count);
    }
    FATHOM_RETURN_IF_ERROR(added);
  }
  return {};
}

Status TensorSource::BuildLookup() {
  by_name_.reserve(tensors_.size());
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const auto [first, added] = by_name_.try_emplace(tensors_[i].name, i);
    if (!added) {
      return DataLoss("{}: stands in {} as well", Place(tensors_[i]),
                      FilePath(tensors_[first->second]));
    }
  }
  return {};
}

// Shards were added in the order of the index, so a tensor's file is its shard.
Status TensorSource::CompareWith(const WeightIndex& index) const {
  std::vector<bool> indexed(tensors_.size());
  for (const auto& [name, shard] : index.tensors) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) {
      return NotFound("weight_map: {}: placed in {}, which does not hold it", name,
                      index.shards[shard]);
    }
    if (tensors_[found->second].file != static_cast<int>(shard)) {
      return DataLoss("weight_map: {}: placed in {}, but {} holds it", name, index.shards[shard],
                      index.shards[static_cast<size_t>(tensors_[found->second].file)]);
    }
    indexed[found->second] = true;
  }
  for (size_t i = 0; i < tensors_.size(); ++i) {
    if (indexed[i]) continue;
    return DataLoss("weight_map: {} is missing, although {} holds it", tensors_[i].name,
                    index.shards[static_cast<size_t>(tensors_[i].file)]);
  }
  return {};
}

Result<TensorSource> TensorSource::OpenFile(const std::string& path) {
  TensorSource source;
  FATHOM_RETURN_IF_ERROR(source.AddFile(path));
  FATHOM_RETURN_IF_ERROR(source.BuildLookup());
  return source;
}

Result<TensorSource> TensorSource::Open(const std::string& folder) {
  const std::string index_path = Join(folder, kIndexName);
  const Result<MappedFile> index_file = MappedFile::Open(index_path);
  if (!index_file.ok() && index_file.status().code() != Code::kNotFound) {
    return index_file.status();
  }
  if (!index_file.ok()) {
    Result<TensorSource> single = OpenFile(Join(folder, kSingleName));
    if (single.ok() || single.status().code() != Code::kNotFound) return single;
    return NotFound("{}: no weights: looked for {} and {}", folder, kIndexName, kSingleName);
  }
  const Result<WeightIndex> index = ParseWeightIndex(index_file->text());
  if (!index.ok()) return index.status().At(index_path);
  TensorSource source;
  FATHOM_RETURN_IF_ERROR(source.AddShards(folder, *index));
  FATHOM_RETURN_IF_ERROR(source.BuildLookup());
  if (const Status bad = source.CompareWith(*index); !bad.ok()) return bad.At(index_path);
  return source;
}

const StoredTensor* TensorSource::Find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &tensors_[found->second];
}

std::string TensorSource::Place(const StoredTensor& tensor) const {
  return fmt::format("{}: {}", FilePath(tensor), tensor.name);
}

}  // namespace fathom
