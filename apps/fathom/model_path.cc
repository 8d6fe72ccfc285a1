#include "model_path.h"

#include <cstdlib>
#include <system_error>

namespace fathom {
namespace {

namespace fs = std::filesystem;

bool HoldsModel(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_regular_file(folder / "config.json", ignored);
}

}  // namespace

Result<std::string> ResolveModelPath(const std::string& model) {
  if (!model.empty()) return model;
  const char* environment = std::getenv("FATHOM_MODEL");
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return Internal("/proc/self/exe: {}", error.message());
  return FindBundledModel(
      environment == nullptr ? std::nullopt : std::optional<std::string>(environment), program);
}

Result<std::string> FindBundledModel(const std::optional<std::string>& environment,
                                     const fs::path& program) {
  // A variable that is set but empty means the same as none, as elsewhere in a shell.
  if (environment && !environment->empty()) {
    if (HoldsModel(*environment)) return *environment;
    return NotFound("FATHOM_MODEL={}: no config.json there", *environment);
  }
  const fs::path folder = program.parent_path();
  const fs::path installed = (folder / "../share/fathom/models/fathom-nano").lexically_normal();
  if (HoldsModel(installed)) return installed.string();
  for (fs::path above = folder;; above = above.parent_path()) {
    if (HoldsModel(above / "models/fathom-nano")) return (above / "models/fathom-nano").string();
    if (above == above.parent_path()) break;
  }
  return NotFound(
      "the bundled model was not found: looked for config.json in {} and in models/fathom-nano of "
      "{} and every folder above it; name a model folder, or set FATHOM_MODEL",
      installed.string(), folder.string());
}

}  // namespace fathom
