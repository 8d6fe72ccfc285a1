#include "checkpoint/checkpoint.h"

#include <algorithm>
#include <filesystem>

#include "base/log.h"
#include "checkpoint/tensor_names.h"

namespace fathom {
namespace {

// What stands in a folder, for a message: "a.txt, b/ and 3 more", or "nothing".
Result<std::string> Listing(const std::string& folder) {
  constexpr size_t kShown = 4;
  std::error_code error;
  std::vector<std::string> names;
  std::filesystem::directory_iterator it(folder, error);
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    std::error_code ignored;
    names.push_back(it->path().filename().string() + (it->is_directory(ignored) ? "/" : ""));
  }
  if (error) return Internal("{}: {}", folder, error.message());
  if (names.empty()) return std::string("nothing");
  std::sort(names.begin(), names.end());
  std::string list;
  for (size_t i = 0; i < std::min(names.size(), kShown); ++i) {
    list += (i > 0 ? ", " : "") + names[i];
  }
  if (names.size() > kShown) list += fmt::format(" and {} more", names.size() - kShown);
  return list;
}

Status CheckModelFolder(const std::string& folder) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(folder, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    return NotFound("{}: no such folder", folder);
  }
  if (error) return Internal("{}: {}", folder, error.message());
  if (!std::filesystem::is_directory(status)) {
    return InvalidArgument(
        "{}: is a file, expected a model folder (with config.json and safetensors files)", folder);
  }
  return {};
}

// Reads config.json, or says what the folder holds instead.
Result<ModelConfig> LoadFolderConfig(const std::string& folder) {
  Result<ModelConfig> config = LoadModelConfig(folder + "/config.json");
  if (config.ok() || config.status().code() != Code::kNotFound) return config;
  FATHOM_ASSIGN_OR_RETURN(const std::string listing, Listing(folder));
  return NotFound("{}: not a model folder: looked for config.json, found {}", folder, listing);
}

bool IsPlainFloat(DType type) {
  return type == DType::kF32 || type == DType::kBF16 || type == DType::kF16;
}

// Matches the stored tensors with those the config demands.
class Matcher {
 public:
  explicit Matcher(const Checkpoint& checkpoint)
      : c_(checkpoint), claimed_(checkpoint.tensors.tensors().size()) {}

  Status Run() {
    const Mtp mtp = c_.has_mtp ? Mtp::kPresent : Mtp::kAbsent;
    for (const TensorSpec& spec : ModelTensors(c_.config, mtp)) {
      FATHOM_RETURN_IF_ERROR(Match(spec));
    }
    return CheckLeftovers();
  }

 private:
  const StoredTensor* Claim(std::string_view name) {
    const StoredTensor* tensor = c_.tensors.Find(name);
    if (tensor != nullptr)
      claimed_[static_cast<size_t>(tensor - c_.tensors.tensors().data())] = true;
    return tensor;
  }

  Status CheckShape(const StoredTensor& tensor, const Shape& expected) const {
    if (tensor.view.shape == expected) return {};
    return InvalidArgument("{} has shape {}, expected {}", c_.tensors.Place(tensor),
                           tensor.view.shape.ToString(), expected.ToString());
  }

  Status Match(const TensorSpec& spec) {
    const StoredTensor* tensor = Claim(spec.name);
    if (tensor == nullptr) {
      if (spec.optional) return {};
      return NotFound("{}: holds no {}, expected {} {}", c_.folder, spec.name,
                      Name(spec.PublishedType(c_.config)), spec.shape.ToString());
    }
    FATHOM_RETURN_IF_ERROR(CheckShape(*tensor, spec.shape));
    const DType type = tensor->view.dtype;
    if (IsPlainFloat(type)) return {};
    if (type != DType::kF8E4M3 || spec.storage != Storage::kMatrix) {
      return InvalidArgument("{} is {}, expected {}BF16, F16 or F32", c_.tensors.Place(*tensor),
                             Name(type), spec.storage == Storage::kMatrix ? "F8_E4M3, " : "");
    }
    if (!c_.config.quantization) {
      return InvalidArgument("{} is F8_E4M3, but config.json has no quantization_config",
                             c_.tensors.Place(*tensor));
    }
    return MatchScales(*tensor);
  }

  Status MatchScales(const StoredTensor& weight) {
    const std::string name = ScaleName(weight.name);
    const Shape expected = ScaleShape(weight.view.shape);
    const StoredTensor* scales = Claim(name);
    if (scales == nullptr) {
      return NotFound("{}: holds no {}, expected F32 or F8_E8M0 {}: its weight is F8_E4M3",
                      c_.folder, name, expected.ToString());
    }
    FATHOM_RETURN_IF_ERROR(CheckShape(*scales, expected));
    const DType type = scales->view.dtype;
    if (type == DType::kF32 || type == DType::kF8E8M0) return {};
    return InvalidArgument("{} is {}, expected F32 or F8_E8M0", c_.tensors.Place(*scales),
                           Name(type));
  }

  Status CheckLeftovers() const {
    for (size_t i = 0; i < claimed_.size(); ++i) {
      if (claimed_[i]) continue;
      const StoredTensor& tensor = c_.tensors.tensors()[i];
      // Rotary tables are computed from the config; old converters stored them.
      if (!tensor.name.ends_with("inv_freq")) {
        return InvalidArgument("{} is no tensor of this model (as config.json describes it)",
                               c_.tensors.Place(tensor));
      }
      Log(LogLevel::kDebug, "{} is not used", c_.tensors.Place(tensor));
    }
    return {};
  }

  const Checkpoint& c_;
  std::vector<bool> claimed_;
};

bool HoldsMtp(const Checkpoint& checkpoint) {
  const std::string prefix = MtpPrefix(checkpoint.config);
  const auto& tensors = checkpoint.tensors.tensors();
  return checkpoint.config.num_nextn_predict_layers > 0 &&
         std::any_of(tensors.begin(), tensors.end(),
                     [&](const StoredTensor& tensor) { return tensor.name.starts_with(prefix); });
}

}  // namespace

TensorView Checkpoint::Plain(std::string_view name) const {
  const StoredTensor* tensor = tensors.Find(name);
  FATHOM_CHECK(tensor != nullptr, "{}: no {}", folder, name);
  return tensor->view;
}

MatrixView Checkpoint::Matrix(std::string_view name) const {
  const TensorView view = Plain(name);
  FATHOM_CHECK(view.shape.rank() == 2, "{} {}", name, view.shape.ToString());
  MatrixView matrix{
      .data = view.data, .dtype = view.dtype, .rows = view.shape[0], .cols = view.shape[1]};
  if (matrix.scaled()) {
    const TensorView scales = Plain(ScaleName(name));
    matrix.scales = scales.data;
    matrix.scale_dtype = scales.dtype;
  }
  return matrix;
}

Result<Checkpoint> OpenCheckpoint(const std::string& folder) {
  FATHOM_RETURN_IF_ERROR(CheckModelFolder(folder));
  Checkpoint checkpoint;
  checkpoint.folder = folder;
  FATHOM_ASSIGN_OR_RETURN(checkpoint.config, LoadFolderConfig(folder));
  FATHOM_ASSIGN_OR_RETURN(
      checkpoint.generation,
      LoadGenerationConfig(folder + "/generation_config.json", checkpoint.config));
  FATHOM_ASSIGN_OR_RETURN(checkpoint.tensors, TensorSource::Open(folder));
  checkpoint.has_mtp = HoldsMtp(checkpoint);
  FATHOM_RETURN_IF_ERROR(Matcher(checkpoint).Run());
  return checkpoint;
}

}  // namespace fathom
