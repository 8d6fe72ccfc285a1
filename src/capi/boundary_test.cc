#include "capi/boundary.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <thread>
#include <vector>

namespace fathom::capi {
namespace {

TEST(Boundary, AFailureLeavesItsCodeAndText) {
  EXPECT_EQ(Boundary([] { return NotFound("no {}", "file"); }), FATHOM_NOT_FOUND);
  EXPECT_STREQ(fathom_last_error(), "no file");
  EXPECT_STREQ(fathom_last_error_type(), "");
  EXPECT_EQ(Boundary([] { return Status(); }), FATHOM_OK);
  EXPECT_STREQ(fathom_last_error(), "");
}

TEST(Boundary, NothingThrownGetsThrough) {
  EXPECT_EQ(Boundary([]() -> Status { throw std::bad_alloc(); }), FATHOM_OUT_OF_MEMORY);
  EXPECT_STREQ(fathom_last_error(), "out of memory");
  EXPECT_EQ(Boundary([]() -> Status {
              std::string().reserve(std::string().max_size() + 1);
              return {};
            }),
            FATHOM_OUT_OF_MEMORY);
  EXPECT_EQ(Boundary([]() -> Status { throw std::runtime_error("odd"); }), FATHOM_INTERNAL);
  EXPECT_STREQ(fathom_last_error(), "odd");
  EXPECT_EQ(Boundary([]() -> Status { throw 7; }), FATHOM_INTERNAL);
}

TEST(Boundary, EachThreadHasItsOwnError) {
  EXPECT_EQ(Boundary([] { return DataLoss("mine"); }), FATHOM_DATA_LOSS);
  std::thread([] {
    EXPECT_STREQ(fathom_last_error(), "");
    EXPECT_EQ(Boundary([] { return DataLoss("other"); }), FATHOM_DATA_LOSS);
  }).join();
  EXPECT_STREQ(fathom_last_error(), "mine");
}

TEST(Boundary, CodesHaveNames) {
  EXPECT_STREQ(fathom_code_name(FATHOM_OK), "ok");
  EXPECT_STREQ(fathom_code_name(FATHOM_DATA_LOSS), "data loss");
  EXPECT_STREQ(fathom_code_name(FATHOM_OUT_OF_MEMORY), "out of memory");
  EXPECT_STREQ(fathom_code_name(99), "unknown code");
  EXPECT_STREQ(fathom_code_name(-1), "unknown code");
}

TEST(Boundary, TextMayBeCountedOrTerminated) {
  EXPECT_EQ(*TextOf("abc", 2, "text"), "ab");
  EXPECT_EQ(*TextOf("abc", FATHOM_NUL_TERMINATED, "text"), "abc");
  EXPECT_EQ(*TextOf(nullptr, 0, "text"), "");
  EXPECT_EQ(TextOf(nullptr, 1, "text").status().message(), "text is null");
  EXPECT_FALSE(TextOf("abc", size_t(PTRDIFF_MAX) + 1, "text").ok());
}

TEST(Boundary, PathsAreChecked) {
  EXPECT_EQ(*PathOf("a/b", 3, "path"), "a/b");
  EXPECT_EQ(PathOf("", 0, "path").status().message(), "path is empty");
  EXPECT_EQ(PathOf("a\0b", 3, "path").status().message(), "path: has a zero byte");
  EXPECT_EQ(PathOf("\xff", 1, "path").status().message(), "path: is not UTF-8");
}

TEST(Boundary, CopiesEndInAZeroAndAreGivenBack) {
  fathom_string text = NewString("a\0b");
  EXPECT_EQ(text.data[text.size], '\0');
  fathom_string_free(&text);
  EXPECT_EQ(text.data, nullptr);
  EXPECT_EQ(text.size, 0u);
  fathom_string_free(&text);
  fathom_string_free(nullptr);
  fathom_tokens tokens = NewTokens(std::vector<int32_t>{1, 2});
  EXPECT_EQ(tokens.data[1], 2);
  fathom_tokens_free(&tokens);
  EXPECT_EQ(tokens.data, nullptr);
  fathom_tokens_free(nullptr);
}

// A struct as this version and a later one have it; an earlier one ended before c.
struct Now {
  size_t struct_size;
  int32_t a;
  int32_t b;
  int64_t c;
};
struct Later {
  Now now;
  int64_t d;
};

TEST(SizedStructs, AnOlderOneIsReadAsFarAsItGoes) {
  const Now memory{.struct_size = offsetof(Now, c), .a = 1, .b = 2, .c = 3};
  const auto read = ReadSized(&memory, sizeof(size_t) + 4, "options");
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->b, 2);
  EXPECT_EQ(read->c, 0);
}

TEST(SizedStructs, ANewerOneMayLeaveWhatIsUnknownAtZero) {
  Later later{.now = {.struct_size = sizeof(Later), .a = 1, .b = 2, .c = 3}, .d = 0};
  EXPECT_TRUE(ReadSized(&later.now, sizeof(Now), "options").ok());
  later.d = 1;
  EXPECT_EQ(ReadSized(&later.now, sizeof(Now), "options").status().code(), Code::kUnsupported);
}

TEST(SizedStructs, ASizeThatWasNeverSetIsRefused) {
  const Now unset{};
  const auto read = ReadSized(&unset, sizeof(Now), "options");
  EXPECT_EQ(read.status().message(),
            "options: struct_size is 0, expected 24 or what a newer version has; set it to sizeof");
  Now huge{.struct_size = 1 << 20, .a = 0, .b = 0, .c = 0};
  EXPECT_FALSE(ReadSized(&huge, sizeof(Now), "options").ok());
  EXPECT_FALSE(WriteSized(unset, sizeof(Now), "out", &huge).ok());
}

TEST(SizedStructs, NothingIsWrittenBeyondTheCallersStruct) {
  Later later{.now = {.struct_size = offsetof(Now, c), .a = 0, .b = 0, .c = 77}, .d = 78};
  const Now value{.struct_size = sizeof(Now), .a = 1, .b = 2, .c = 3};
  ASSERT_TRUE(WriteSized(value, offsetof(Now, c), "out", &later.now).ok());
  EXPECT_EQ(later.now.struct_size, offsetof(Now, c));
  EXPECT_EQ(later.now.b, 2);
  EXPECT_EQ(later.now.c, 77);
  later.now.struct_size = sizeof(Later);
  ASSERT_TRUE(WriteSized(value, sizeof(Now), "out", &later.now).ok());
  EXPECT_EQ(later.now.c, 3);
  EXPECT_EQ(later.d, 0);
}

}  // namespace
}  // namespace fathom::capi
