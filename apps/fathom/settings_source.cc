#include "settings_source.h"

#include <algorithm>

#include "base/mapped_file.h"
#include "flag_kind.h"
#include "json/field_reader.h"
#include "json/parse.h"

namespace fathom {
namespace {

Result<std::string> TextOf(const std::string& name, const json::Value& value) {
  if (value.is_string()) return value.string();
  if (value.is_bool()) return std::string(value.boolean() ? "true" : "false");
  if (value.is_number()) return std::string(value.number().text);
  return json::WrongKind(name, "text, number or boolean", value);
}

}  // namespace

std::string SettingName(const Flag& flag) {
  std::string name = flag.name;
  if (const size_t comma = name.find(','); comma != std::string::npos) name.erase(0, comma + 1);
  name.erase(0, std::min(name.find_first_not_of('-'), name.size()));
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return name;
}

std::string EnvironmentName(const Flag& flag) {
  std::string name = "FATHOM_" + SettingName(flag);
  std::ranges::transform(name, name.begin(), [](char c) {
    return c == '-' ? '_' : c >= 'a' && c <= 'z' ? char(c - 32) : c;
  });
  return name;
}

Result<std::map<std::string, std::vector<std::string>>> SettingsFromJson(
    std::string_view text, const std::vector<Flag>& flags) {
  FATHOM_ASSIGN_OR_RETURN(const json::Value value, json::Parse(text));
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(value, "settings"));
  std::map<std::string, std::vector<std::string>> settings;
  for (const json::Member& member : *object) {
    const auto flag = std::ranges::find(flags, member.key, SettingName);
    if (flag == flags.end()) return InvalidArgument("there is no setting \"{}\"", member.key);
    std::vector<std::string>& values = settings[member.key];
    if (!member.value.is_array()) {
      FATHOM_ASSIGN_OR_RETURN(values.emplace_back(), TextOf(member.key, member.value));
      continue;
    }
    if (!std::holds_alternative<std::vector<std::string>*>(flag->target)) {
      return InvalidArgument("{}: takes one value, found a list", member.key);
    }
    for (const json::Value& one : member.value.array()) {
      FATHOM_ASSIGN_OR_RETURN(values.emplace_back(), TextOf(member.key, one));
    }
  }
  return settings;
}

Result<std::map<std::string, std::vector<std::string>>> ReadSettings(
    const std::string& path, const std::vector<Flag>& flags) {
  FATHOM_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::Open(path));
  auto settings = SettingsFromJson(file.text(), flags);
  if (!settings.ok()) return settings.status().At(path);
  return settings;
}

}  // namespace fathom
