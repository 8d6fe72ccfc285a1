// The official JSON Schema test suite, as Debian packs it: what it calls invalid is never written,
// and what it calls valid can be, but for what tests/cases/json_schema/suite.tsv lists with the
// reason. Debian's suite ends with draft 7.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "grammar/json_schema.h"
#include "json/parse.h"
#include "json/write.h"
#include "support/slow_grammar.h"
#include "support/table_file.h"

namespace fathom::grammar {
namespace {

namespace fs = std::filesystem;

const fs::path kSuite = "/usr/share/json-schema-test-suite/tests";

// What differs from the suite: a row each of a reason, the file, the schema's description and the
// instance's, or "*" where the schema itself isn't taken.
using Rows = std::set<std::vector<std::string>>;

struct Counts {
  int schemas = 0, unsupported = 0, invalid = 0, valid = 0, valid_refused = 0;
};

class SuiteRun {
 public:
  void RunFile(const fs::path& path) {
    const Result<json::Value> groups = json::ParseFile(path.string());
    ASSERT_TRUE(groups.ok()) << groups.status().message();
    const std::string name = fs::relative(path, kSuite).string();
    for (const json::Value& group : groups->array()) RunGroup(name, group);
  }

  Rows found;
  Counts counts;

 private:
  void RunGroup(const std::string& file, const json::Value& group) {
    const std::string description = group.Find("description")->string();
    ++counts.schemas;
    Grammar grammar;
    SchemaCompiler compiler(grammar, {.seconds = 60});
    const Result<ExprId> form = compiler.Json(*group.Find("schema"), "schema", {});
    const Status status = form.status();
    const bool is_never = status.message().ends_with("nothing satisfies this schema");
    if (!form.ok() && !is_never) {
      ++counts.unsupported;
      const std::string& message = status.message();
      const size_t at = message.find(": ");
      found.insert({message.substr(at == std::string::npos ? 0 : at + 2), file, description, "*"});
      return;
    }
    if (form.ok()) grammar.SetStart(*form);
    for (const json::Value& instance : group.Find("tests")->array()) {
      const std::string text = json::Dump(*instance.Find("data"), json::Style::kCompact);
      const std::string name = instance.Find("description")->string();
      const bool taken = form.ok() && test::SlowMatches(grammar, text);
      if (!instance.Find("valid")->boolean()) {
        ++counts.invalid;
        if (taken) found.insert({"taken", file, description, name});
        continue;
      }
      ++counts.valid;
      if (taken) continue;
      ++counts.valid_refused;
      found.insert({"refused", file, description, name});
    }
  }
};

TEST(SchemaSuite, NothingInvalidIsWritten) {
  ASSERT_TRUE(fs::exists(kSuite)) << "json-schema-test-suite is missing; tools/install_deps.sh "
                                     "test installs it";
  Rows listed;
  std::map<std::vector<std::string>, std::string> reasons;
  const std::string table = FATHOM_SOURCE_DIR "/tests/cases/json_schema/suite.tsv";
  for (const auto& row : test::ReadTable(table, 4)) {
    const std::vector<std::string> place = {row[1], row[2], row[3]};
    listed.insert(place);
    reasons[place] = row[0];
  }
  SuiteRun run;
  for (const char* draft : {"draft7", "draft4"}) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(kSuite / draft)) {
      if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
    std::ranges::sort(files);
    for (const fs::path& file : files) run.RunFile(file);
  }
  for (const auto& row : run.found) {
    const std::vector<std::string> place = {row[1], row[2], row[3]};
    EXPECT_EQ(listed.erase(place), 1U)
        << "not listed: " << row[0] << "\t" << row[1] << "\t" << row[2] << "\t" << row[3];
    // A schema that isn't taken stands with its message, and what is taken against the suite with
    // the one reason that there is for it.
    if (row[3] == "*") {
      EXPECT_EQ(reasons[place], row[0]) << row[1] << ": " << row[2];
    }
    EXPECT_EQ(row[0] == "taken", reasons[place] == "content is a note since 2019-09")
        << row[1] << ": " << row[2] << ": " << row[3];
  }
  for (const auto& place : listed) {
    ADD_FAILURE() << "listed, but as the suite says: " << place[0] << "\t" << place[1] << "\t"
                  << place[2];
  }
  RecordProperty("schemas", run.counts.schemas);
  RecordProperty("unsupported", run.counts.unsupported);
  RecordProperty("invalid", run.counts.invalid);
  RecordProperty("valid", run.counts.valid);
  RecordProperty("valid_refused", run.counts.valid_refused);
}

}  // namespace
}  // namespace fathom::grammar
