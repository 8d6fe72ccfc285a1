#include "agent/builtin_tools.h"

#include <utility>

#include "agent/calculator.h"
#include "json/write.h"

namespace fathom {
namespace {

// {"names": ["a.txt", "notes/"]}, and "left_out": how many more there are.
std::string DescribeListing(const FileFolder::Listing& listing) {
  json::Array names(listing.names.begin(), listing.names.end());
  json::Object answer = {{"names", std::move(names)}};
  if (listing.left_out > 0) answer.Set("left_out", uint64_t{listing.left_out});
  return json::Dump(answer, json::Style::kPython);
}

}  // namespace

Toolbox MakeBuiltinTools(WallClock clock, const std::shared_ptr<const FileFolder>& folder) {
  Toolbox toolbox;
  toolbox.Add(Tool("calculator", "Evaluate an arithmetic expression",
                   {{"expression", "The expression, for example 2 + 3 * 4"}},
                   [](const json::Object& arguments, const std::stop_token&) {
                     return Calculate(arguments.Find("expression")->string());
                   }));
  toolbox.Add(Tool("get_time", "Get the current date and time", {},
                   [clock = std::move(clock)](const json::Object&, const std::stop_token&)
                       -> Result<std::string> { return DescribeTime(clock()); }));
  if (folder == nullptr) return toolbox;
  toolbox.Add(Tool("read_file", "Read a file", {{"path", "File path"}},
                   [folder](const json::Object& arguments, const std::stop_token&) {
                     return folder->Read(arguments.Find("path")->string());
                   }));
  toolbox.Add(
      Tool("list_files", "List files", {{"path", "Path of the folder", /*required=*/false}},
           [folder](const json::Object& arguments, const std::stop_token&) -> Result<std::string> {
             const json::Value* path = arguments.Find("path");
             FATHOM_ASSIGN_OR_RETURN(const FileFolder::Listing listing,
                                     folder->List(path ? path->string() : "."));
             return DescribeListing(listing);
           }));
  return toolbox;
}

Result<Toolbox> OpenBuiltinTools(const std::string& folder) {
  std::shared_ptr<const FileFolder> files;
  if (!folder.empty()) {
    FATHOM_ASSIGN_OR_RETURN(FileFolder opened, FileFolder::Open(folder));
    files = std::make_shared<const FileFolder>(std::move(opened));
  }
  return MakeBuiltinTools(SystemWallTime, files);
}

}  // namespace fathom
