#include "mcp/config.h"

#include <algorithm>
#include <initializer_list>

#include "json/field_reader.h"
#include "json/parse.h"

namespace fathom::mcp {
namespace {

constexpr size_t kMaxFileBytes = 1 << 20;
constexpr size_t kMaxListed = 1024;  // arguments, variables, headers, tools

Status CheckName(const std::string& name, std::string_view path) {
  const auto is_allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-';
  };
  if (name.empty() || name.size() > kMaxServerNameBytes || !std::ranges::all_of(name, is_allowed)) {
    return InvalidArgument("{}: a server's name is 1 to {} of A-Z a-z 0-9 _ -", path,
                           kMaxServerNameBytes);
  }
  // So that "name__tool" can be cut in one place alone.
  if (name.find("__") != name.npos || name.ends_with('_')) {
    return InvalidArgument("{}: a server's name can't hold \"__\" or end with \"_\"", path);
  }
  if (name == "builtin")
    return InvalidArgument("{}: this name stands for the built-in tools", path);
  return {};
}

Status CheckFields(const json::FieldReader& fields, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : fields.object()) {
    if (std::ranges::find(known, name) != known.end()) continue;
    std::string all;
    for (const std::string_view each : known) all += (all.empty() ? "" : ", ") + std::string(each);
    return InvalidArgument("{}: unknown field, expected one of {}", fields.PathOf(name), all);
  }
  return {};
}

// Texts become arguments and variables of a program, whose ends are zero bytes.
Status CheckText(const json::Value& value, const std::string& path) {
  if (!value.is_string()) return json::WrongKind(path, "string", value);
  if (value.string().find('\0') != std::string::npos) {
    return InvalidArgument("{}: holds a zero byte", path);
  }
  return {};
}

Result<std::vector<std::string>> Texts(const json::FieldReader& fields, std::string_view name) {
  std::vector<std::string> texts;
  if (!fields.Has(name)) return texts;
  FATHOM_ASSIGN_OR_RETURN(const json::Array* array, fields.Arr(name));
  if (array->size() > kMaxListed) {
    return InvalidArgument("{}: {} of them, at most {} are possible", fields.PathOf(name),
                           array->size(), kMaxListed);
  }
  for (size_t i = 0; i < array->size(); ++i) {
    FATHOM_RETURN_IF_ERROR(CheckText((*array)[i], fmt::format("{}[{}]", fields.PathOf(name), i)));
    texts.push_back((*array)[i].string());
  }
  return texts;
}

Result<std::vector<std::pair<std::string, std::string>>> Pairs(const json::FieldReader& fields,
                                                               std::string_view name) {
  std::vector<std::pair<std::string, std::string>> pairs;
  if (!fields.Has(name)) return pairs;
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, fields.Obj(name));
  if (object->size() > kMaxListed) {
    return InvalidArgument("{}: {} of them, at most {} are possible", fields.PathOf(name),
                           object->size(), kMaxListed);
  }
  for (const auto& [key, value] : *object) {
    const std::string path = fields.PathOf(name) + "." + key;
    if (key.empty() || key.find_first_of(std::string_view("=\0", 2)) != key.npos) {
      return InvalidArgument("{}: '{}' is no name", fields.PathOf(name), key);
    }
    FATHOM_RETURN_IF_ERROR(CheckText(value, path));
    pairs.emplace_back(key, value.string());
  }
  return pairs;
}

Result<StdioConfig> ReadStdio(const json::FieldReader& fields) {
  FATHOM_RETURN_IF_ERROR(
      CheckFields(fields, {"type", "command", "args", "env", "cwd", "timeout_seconds", "tools"}));
  StdioConfig config;
  FATHOM_ASSIGN_OR_RETURN(config.command, fields.String("command"));
  FATHOM_RETURN_IF_ERROR(CheckText(config.command, fields.PathOf("command")));
  if (config.command.empty()) return InvalidArgument("{}: empty", fields.PathOf("command"));
  FATHOM_ASSIGN_OR_RETURN(config.args, Texts(fields, "args"));
  FATHOM_ASSIGN_OR_RETURN(config.env, Pairs(fields, "env"));
  FATHOM_ASSIGN_OR_RETURN(config.cwd, fields.StringOr("cwd", ""));
  FATHOM_RETURN_IF_ERROR(CheckText(config.cwd, fields.PathOf("cwd")));
  return config;
}

Result<HttpConfig> ReadHttp(const json::FieldReader& fields) {
  FATHOM_RETURN_IF_ERROR(
      CheckFields(fields, {"type", "url", "headers", "timeout_seconds", "tools"}));
  HttpConfig config;
  FATHOM_ASSIGN_OR_RETURN(const std::string url, fields.String("url"));
  const Result<http::Url> parsed = http::ParseUrl(url);
  if (!parsed.ok()) return parsed.status().At(fields.PathOf("url"));
  config.url = *parsed;
  FATHOM_ASSIGN_OR_RETURN(const auto headers, Pairs(fields, "headers"));
  for (const auto& [name, value] : headers) {
    const Status checked = http::CheckHeader({name, value});
    if (!checked.ok()) return checked.At(fields.PathOf("headers"));
    for (const std::string_view own : {"Host", "Connection", "Content-Length", "Content-Type",
                                       "Accept", "Mcp-Session-Id", "MCP-Protocol-Version"}) {
      if (http::EqualsIgnoringCase(name, own)) {
        return InvalidArgument("{}.{}: this header is the protocol's", fields.PathOf("headers"),
                               name);
      }
    }
    config.headers.Add(name, value);
  }
  return config;
}

// Some files say it besides.
Status CheckType(const json::FieldReader& fields, bool http) {
  FATHOM_ASSIGN_OR_RETURN(const std::string type, fields.StringOr("type", http ? "http" : "stdio"));
  const bool is_http = type == "http" || type == "streamable-http";
  if (!is_http && type != "stdio") {
    return Unsupported("{}: expected stdio, http or streamable-http, found '{}'",
                       fields.PathOf("type"), type);
  }
  if (is_http == http) return {};
  return InvalidArgument("{}: '{}' does not fit \"{}\"", fields.PathOf("type"), type,
                         http ? "url" : "command");
}

Result<ServerConfig> ReadServer(const std::string& name, const json::Value& value,
                                const std::string& path) {
  FATHOM_RETURN_IF_ERROR(CheckName(name, path));
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(value, path));
  const json::FieldReader fields(*object, path);
  ServerConfig config;
  config.name = name;
  if (fields.Has("command") == fields.Has("url")) {
    return InvalidArgument("{}: expected either \"command\" or \"url\"", path);
  }
  if (fields.Has("url")) {
    FATHOM_ASSIGN_OR_RETURN(config.http, ReadHttp(fields));
  } else {
    FATHOM_ASSIGN_OR_RETURN(config.stdio, ReadStdio(fields));
  }
  FATHOM_RETURN_IF_ERROR(CheckType(fields, config.http.has_value()));
  FATHOM_ASSIGN_OR_RETURN(const double seconds,
                          fields.NumberOr("timeout_seconds", 60, 0.001, 3600));
  config.timeout = std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
  if (fields.Has("tools")) {
    FATHOM_ASSIGN_OR_RETURN(config.tools, Texts(fields, "tools"));
  }
  return config;
}

}  // namespace

Result<std::vector<ServerConfig>> ReadServers(const json::Value& file) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(file, "the file"));
  const json::FieldReader fields(*object, "");
  FATHOM_RETURN_IF_ERROR(CheckFields(fields, {"mcpServers"}));
  FATHOM_ASSIGN_OR_RETURN(const json::Object* servers, fields.Obj("mcpServers"));
  if (servers->size() > kMaxServers) {
    return InvalidArgument("mcpServers: {} servers, at most {} are possible", servers->size(),
                           kMaxServers);
  }
  std::vector<ServerConfig> configs;
  for (const auto& [name, value] : *servers) {
    FATHOM_ASSIGN_OR_RETURN(ServerConfig config, ReadServer(name, value, "mcpServers." + name));
    configs.push_back(std::move(config));
  }
  return configs;
}

Result<std::vector<ServerConfig>> LoadServers(const std::string& path) {
  FATHOM_ASSIGN_OR_RETURN(
      const json::Value file,
      json::ParseFile(path, {.max_depth = 8, .max_bytes = kMaxFileBytes, .unique_keys = true}));
  Result<std::vector<ServerConfig>> servers = ReadServers(file);
  if (!servers.ok()) return servers.status().At(path);
  return servers;
}

}  // namespace fathom::mcp
