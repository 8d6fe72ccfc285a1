#include "checkpoint/random_checkpoint.h"

#include <errno.h>
#include <string.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <tuple>

#include "base/number_text.h"
#include "checkpoint/random_weights.h"
#include "json/write.h"

namespace fathom {
namespace {

namespace fs = std::filesystem;

// One piece of tensor data on its way to the file.
constexpr int64_t kPiece = int64_t{4} << 20;

// {"a": …, "b": …} with a line for each member.
std::string OneLineEach(const json::Object& object) {
  std::string text = "{\n";
  for (const json::Member& member : object) {
    if (text.size() > 2) text += ",\n";
    text += "  ";
    json::DumpString(member.key, &text);
    text += ": ";
    json::DumpTo(member.value, json::Style::kPython, &text);
  }
  return text + "\n}\n";
}

json::Object Without(const json::Object& object, std::string_view key) {
  json::Object out;
  for (const json::Member& member : object) {
    if (member.key != key) out.Set(member.key, member.value);
  }
  return out;
}

json::Object PublishedQuantization() {
  return {{"activation_scheme", "dynamic"},
          {"fmt", "e4m3"},
          {"quant_method", "fp8"},
          {"scale_fmt", "ue8m0"},
          {"weight_block_size", json::Array{128, 128}}};
}

// The config of the checkpoint to be written.
json::Object Override(json::Object config, const ModelConfig& before,
                      const RandomCheckpointOptions& options) {
  const int64_t layers = options.layers.value_or(before.num_hidden_layers);
  config.Set("num_hidden_layers", layers);
  config.Set("first_k_dense_replace", std::min(before.first_k_dense_replace, layers));
  if (options.mtp) config.Set("num_nextn_predict_layers", *options.mtp ? 1 : 0);
  if (options.matrices != DType::kF8E4M3) {
    config = Without(config, "quantization_config");
  } else if (!before.quantization) {
    config.Set("quantization_config", PublishedQuantization());
  }
  config.Set(config.Has("dtype") ? "dtype" : "torch_dtype",
             options.matrices == DType::kF32 ? "float32" : "bfloat16");
  return config;
}

}  // namespace

Result<RandomCheckpoint> RandomCheckpoint::Plan(const json::Value& config,
                                                const RandomCheckpointOptions& options) {
  FATHOM_CHECK(options.matrices == DType::kF8E4M3 || options.matrices == DType::kBF16 ||
                   options.matrices == DType::kF32,
               "matrices as {}", Name(options.matrices));
  FATHOM_ASSIGN_OR_RETURN(const ModelConfig before, ReadModelConfig(config));
  RandomCheckpoint plan;
  plan.options_ = options;
  plan.config_json_ = Override(config.object(), before, options);
  FATHOM_ASSIGN_OR_RETURN(plan.config_, ReadModelConfig(plan.config_json_));
  plan.specs_ = ModelTensors(
      plan.config_, plan.config_.num_nextn_predict_layers > 0 ? Mtp::kPresent : Mtp::kAbsent);
  plan.PlanShards();
  return plan;
}

void RandomCheckpoint::PlanShards() {
  for (size_t i = 0; i < specs_.size(); ++i) {
    const TensorSpec& spec = specs_[i];
    const DType type = options_.matrices == DType::kF32 ? DType::kF32 : spec.PublishedType(config_);
    std::vector<ShardTensor> together = {{{spec.name, type, spec.shape}, i, false}};
    if (type == DType::kF8E4M3) {
      together.push_back({{ScaleName(spec.name), DType::kF32, ScaleShape(spec.shape)}, i, true});
    }
    int64_t bytes = 0;
    for (const ShardTensor& tensor : together) bytes += tensor.planned.bytes();
    if (shards_.empty() || shards_.back().bytes + bytes > options_.shard_bytes) {
      shards_.emplace_back();
    }
    shards_.back().bytes += bytes;
    for (ShardTensor& tensor : together) shards_.back().tensors.push_back(std::move(tensor));
  }
  for (size_t i = 0; i < shards_.size(); ++i) {
    shards_[i].file = fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards_.size());
    // Wide elements first keeps all of them aligned, whatever the shapes.
    const auto place = [](const ShardTensor& tensor) {
      return std::tuple(-Bytes(tensor.planned.dtype), tensor.spec, tensor.scales);
    };
    std::sort(shards_[i].tensors.begin(), shards_[i].tensors.end(),
              [&](const ShardTensor& a, const ShardTensor& b) { return place(a) < place(b); });
  }
}

int64_t RandomCheckpoint::bytes() const {
  int64_t sum = 0;
  for (const Shard& shard : shards_) sum += shard.bytes;
  return sum;
}

// One run of Write. Remembers what it made, and removes it unless Finish was reached.
class RandomCheckpoint::Writing {
 public:
  Writing(const RandomCheckpoint& plan, const std::string& folder, const ByteProgress& progress)
      : plan_(plan), folder_(folder), progress_(progress) {}
  ~Writing() {
    std::error_code ignored;
    for (const fs::path& path : made_) fs::remove(path, ignored);
    if (made_folder_ && !finished_) fs::remove(folder_, ignored);
  }

  Status Run() {
    FATHOM_RETURN_IF_ERROR(MakeFolder());
    if (!plan_.options_.sparse) FATHOM_RETURN_IF_ERROR(CheckFreeSpace(folder_, plan_.bytes()));
    FATHOM_RETURN_IF_ERROR(CopyTokenizer());
    for (const Shard& shard : plan_.shards_) FATHOM_RETURN_IF_ERROR(WriteShard(shard));
    FATHOM_RETURN_IF_ERROR(WriteIndex());
    FATHOM_RETURN_IF_ERROR(WriteGenerationConfig());
    FATHOM_RETURN_IF_ERROR(WriteText("config.json", OneLineEach(plan_.config_json_)));
    made_.clear();
    finished_ = true;
    return {};
  }

 private:
  Status MakeFolder() {
    std::error_code error;
    if (fs::exists(folder_, error)) {
      const bool is_folder = fs::is_directory(folder_, error);
      if (!is_folder) return InvalidArgument("{}: exists, expected a folder", folder_);
      const bool empty = fs::is_empty(folder_, error);
      if (error) return Internal("{}: {}", folder_, error.message());
      return empty ? Status() : InvalidArgument("{}: is not empty", folder_);
    }
    if (!fs::create_directories(folder_, error)) {
      return Internal("{}: cannot be made: {}", folder_, error.message());
    }
    made_folder_ = true;
    return {};
  }

  std::string Make(const std::string& name) {
    made_.push_back(fs::path(folder_) / name);
    return made_.back().string();
  }

  Status WriteText(const std::string& name, const std::string& text) {
    const std::string path = Make(name);
    std::ofstream file(path, std::ios::binary);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
    file.close();
    return file ? Status() : Internal("{}: cannot be written: {}", path, ::strerror(errno));
  }

  Status WriteShard(const Shard& shard) {
    std::vector<PlannedTensor> planned;
    for (const ShardTensor& tensor : shard.tensors) planned.push_back(tensor.planned);
    FATHOM_ASSIGN_OR_RETURN(SafetensorsWriter writer,
                            SafetensorsWriter::Create(Make(shard.file), planned));
    if (plan_.options_.sparse) {
      FATHOM_RETURN_IF_ERROR(writer.LeaveHole());
      FATHOM_RETURN_IF_ERROR(Advance(shard.bytes));
    } else {
      for (const ShardTensor& tensor : shard.tensors) {
        FATHOM_RETURN_IF_ERROR(WriteTensor(tensor, &writer));
      }
    }
    return writer.Finish();
  }

  Status WriteTensor(const ShardTensor& tensor, SafetensorsWriter* writer) {
    const PlannedTensor& planned = tensor.planned;
    const DType type = tensor.scales ? DType::kF8E4M3 : planned.dtype;
    const RandomWeights weights(plan_.specs_[tensor.spec], type, plan_.options_.seed);
    if (tensor.scales) {
      std::vector<float> scales(static_cast<size_t>(planned.shape.elements()));
      weights.FillScales(planned.shape, scales.data());
      FATHOM_RETURN_IF_ERROR(writer->Append(std::as_bytes(std::span(scales))));
      return Advance(planned.bytes());
    }
    const int64_t size = Bytes(planned.dtype), count = planned.shape.elements();
    for (int64_t begin = 0; begin < count; begin += kPiece / size) {
      const int64_t piece = std::min(kPiece / size, count - begin);
      buffer_.resize(static_cast<size_t>(kPiece));
      weights.Fill(begin, piece, buffer_.data());
      FATHOM_RETURN_IF_ERROR(
          writer->Append(std::span(buffer_).first(static_cast<size_t>(piece * size))));
      FATHOM_RETURN_IF_ERROR(Advance(piece * size));
    }
    return {};
  }

  Status Advance(int64_t bytes) {
    done_ += bytes;
    return progress_ == nullptr ? Status() : progress_(done_);
  }

  Status WriteIndex() {
    json::Object map;
    for (const Shard& shard : plan_.shards_) {
      for (const ShardTensor& tensor : shard.tensors) map.Set(tensor.planned.name, shard.file);
    }
    std::string text = "{\n\"metadata\": {\"total_size\": " + std::to_string(plan_.bytes()) +
                       "},\n\"weight_map\": " + OneLineEach(map) + "}\n";
    return WriteText("model.safetensors.index.json", text);
  }

  Status WriteGenerationConfig() {
    json::Object config = {{"_from_model_config", true}};
    for (const std::string_view key : {"bos_token_id", "eos_token_id"}) {
      if (const json::Value* id = plan_.config_json_.Find(key)) config.Set(std::string(key), *id);
    }
    config.Set("do_sample", true);
    config.Set("temperature", 1.0);
    config.Set("top_p", 0.95);
    return WriteText("generation_config.json", OneLineEach(config));
  }

  Status CopyTokenizer() {
    const std::string& source = plan_.options_.tokenizer;
    if (source.empty()) return {};
    std::error_code error;
    fs::copy_file(source, Make("tokenizer.json"), error);
    return error ? Internal("{}: cannot be copied: {}", source, error.message()) : Status();
  }

  const RandomCheckpoint& plan_;
  const std::string& folder_;
  const ByteProgress& progress_;
  std::vector<std::byte> buffer_;
  int64_t done_ = 0;
  std::vector<fs::path> made_;
  bool made_folder_ = false, finished_ = false;
};

Status RandomCheckpoint::Write(const std::string& folder, const ByteProgress& progress) const {
  return Writing(*this, folder, progress).Run();
}

Status CheckFreeSpace(const std::string& folder, int64_t needed_bytes) {
  std::error_code error;
  fs::path existing = fs::absolute(folder, error);
  while (!fs::exists(existing, error) && existing.has_relative_path())
    existing = existing.parent_path();
  const fs::space_info space = fs::space(existing, error);
  if (error) return Internal("{}: {}", folder, error.message());
  if (space.available >= static_cast<uintmax_t>(needed_bytes)) return {};
  return ResourceExhausted("{}: needs {}, but only {} are free there", folder,
                           FormatBytes(needed_bytes),
                           FormatBytes(static_cast<int64_t>(space.available)));
}

}  // namespace fathom
