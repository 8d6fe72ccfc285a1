#include "talk/conversation_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "support/temp_dir.h"

namespace fathom {
namespace {

using testing::HasSubstr;

Transcript Example(std::string question) {
  Transcript transcript;
  transcript.AddQuestion(std::move(question));
  return transcript;
}

size_t FilesIn(const std::string& folder) {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

TEST(ConversationFile, SavesAndLoads) {
  const test::TempDir dir;
  const std::string path = dir.File("talk.json");
  ASSERT_TRUE(SaveConversation(Example("hi \u202e \x01"), path, Existing::kKeep).ok());
  struct stat info = {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  const auto loaded = LoadConversation(path);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(loaded->messages()[0].content, "hi \u202e \x01");
  EXPECT_EQ(FilesIn(dir.path()), 1U) << "no temporary file stays";
}

TEST(ConversationFile, OverwritesOnlyWhenAsked) {
  const test::TempDir dir;
  const std::string path = dir.Write("talk.json", "precious");
  const Status refused = SaveConversation(Example("new"), path, Existing::kKeep);
  EXPECT_EQ(refused.message(), path + " exists; /save! " + path + " overwrites it");
  EXPECT_EQ(std::filesystem::file_size(path), 8U);
  ASSERT_TRUE(SaveConversation(Example("new"), path, Existing::kReplace).ok());
  EXPECT_EQ(LoadConversation(path)->messages()[0].content, "new");
  EXPECT_EQ(FilesIn(dir.path()), 1U);
}

TEST(ConversationFile, ErrorsNameTheFile) {
  const test::TempDir dir;
  EXPECT_THAT(SaveConversation(Example("x"), dir.File("no/x.json"), Existing::kKeep).message(),
              HasSubstr("no/x.json: No such file or directory"));
  const auto error = [&](const std::string& path) {
    const auto loaded = LoadConversation(path);
    return loaded.ok() ? "(none)" : loaded.status().message();
  };
  EXPECT_THAT(error(dir.File("gone")), HasSubstr("gone: No such file"));
  EXPECT_THAT(error(dir.path()), HasSubstr("is no regular file"));
  EXPECT_THAT(error("/dev/zero"), HasSubstr("is no regular file"));
  EXPECT_THAT(error(dir.Write("cut.json", "{\"messages\": [")), HasSubstr("cut.json: byte 14"));
  EXPECT_THAT(error(dir.Write("odd.json", "[{\"role\": \"x\"}]")),
              HasSubstr("odd.json: messages[0]"));
}

TEST(ExpandHome, ReplacesTheTildeAlone) {
  ASSERT_EQ(::setenv("HOME", "/home/somebody", 1), 0);
  EXPECT_EQ(ExpandHome("~/a"), "/home/somebody/a");
  EXPECT_EQ(ExpandHome("a~/b"), "a~/b");
  EXPECT_EQ(ExpandHome("~other/b"), "~other/b");
}

}  // namespace
}  // namespace fathom
