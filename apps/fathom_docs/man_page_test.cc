#include "man_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fathom {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ManText, KeepsEveryCharacterItself) {
  EXPECT_EQ(ManText("plain words"), "plain words");
  EXPECT_EQ(ManText(R"(--top-k 'a\n' ~^`)"), R"(\-\-top\-k \(aqa\en\(aq \(ti\(ha\(ga)");
  EXPECT_EQ(ManText("256 × 2"), "256 \\[u00D7] 2");
}

TEST(ManText, NeverBeginsARequest) {
  EXPECT_EQ(ManText(".so /etc/passwd\n'br\n..."), "\\&.so /etc/passwd\n\\(aqbr\n\\&...");
  EXPECT_EQ(ManText("a\n…"), "a\n\\&...");
  EXPECT_EQ(ManText("a. b"), "a. b");
}

Command Sample(std::string* text, std::vector<std::string>* ids) {
  Command command;
  command.name = "make-it";
  command.summary = "make it so";
  command.flags = {
      {.name = "ID", .value = "", .help = "some ids", .target = ids},
      {.name = "-t,--type",
       .value = "TYPE",
       .help = "which [a]",
       .target = text,
       .required = true,
       .choices = {"a", "b"}},
      {.name = "--in", .value = "FILE", .help = "where from", .target = text},
  };
  return command;
}

TEST(CommandPage, HoldsTheTable) {
  std::string text;
  std::vector<std::string> ids;
  const std::string page = CommandPage(Sample(&text, &ids), "9.8");
  EXPECT_THAT(page, HasSubstr(".TH FATHOM\\-MAKE\\-IT 1 \"\" \"fathom 9.8\""));
  EXPECT_THAT(page, HasSubstr("\nfathom\\-make\\-it \\- make it so\n"));
  EXPECT_THAT(page, HasSubstr("\n\\fBfathom make\\-it\\fR [\\fIFLAGS\\fR] [\\fIID\\fR ...]\n"));
  EXPECT_THAT(page, HasSubstr(".SH ARGUMENTS\n.TP\n\\fIID\\fR\nsome ids\n"));
  EXPECT_THAT(page, HasSubstr(".TP\n\\fB\\-t\\fR, \\fB\\-\\-type\\fR \\fBa\\fR|\\fBb\\fR\n"
                              "which [a] (required)\n"));
  EXPECT_THAT(page, HasSubstr(".TP\n\\fB\\-\\-in\\fR \\fIFILE\\fR\nwhere from\n"));
}

TEST(ProgramPage, ListsCommandsAndRefersToTheirPages) {
  std::string text;
  std::vector<std::string> ids;
  const std::string page = ProgramPage({Sample(&text, &ids)}, "9.8");
  EXPECT_THAT(page, HasSubstr(".TP\n\\fBfathom\\-make\\-it\\fR(1)\nmake it so\n"));
  EXPECT_THAT(page, HasSubstr(".SH SEE ALSO\n.BR fathom\\-make\\-it (1)\n"));
  EXPECT_THAT(page, Not(HasSubstr("\n\n")));
}

}  // namespace
}  // namespace fathom
