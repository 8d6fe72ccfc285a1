// Where flags come from besides the command line: the environment and a configuration file.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "command.h"

namespace fathom {

// "--max-running" → "FATHOM_MAX_RUNNING"; "MODEL" → "FATHOM_MODEL". A flag with a short form goes
// by its long one.
std::string EnvironmentName(const Flag& flag);

// "--max-running" → "max-running", "MODEL" → "model".
std::string SettingName(const Flag& flag);

// Values by SettingName, as text: what the file's object says. Errors name the file, and a member
// that is no flag or neither text, number, boolean nor a list of these.
Result<std::map<std::string, std::vector<std::string>>> ReadSettings(
    const std::string& path, const std::vector<Flag>& flags);
Result<std::map<std::string, std::vector<std::string>>> SettingsFromJson(
    std::string_view text, const std::vector<Flag>& flags);

}  // namespace fathom
