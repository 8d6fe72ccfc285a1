#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <string>

#include "capi/fathom.h"
#include "support/temp_dir.h"

namespace fathom {
namespace {

constexpr const char* kFolder = FATHOM_SOURCE_DIR "/models/fathom-nano";

fathom_model_options Options() {
  fathom_model_options options = {};
  options.struct_size = sizeof options;
  options.context = 512;
  options.threads = 1;
  return options;
}

// The code of opening with these options; a model that opens after all is closed.
fathom_code Open(const fathom_model_options& options, const char* folder = kFolder) {
  fathom_model* model = nullptr;
  const fathom_code code = fathom_model_open(folder, FATHOM_NUL_TERMINATED, &options, &model);
  EXPECT_EQ(model == nullptr, code != FATHOM_OK);
  fathom_model_free(model);
  return code;
}

TEST(ModelApi, OpensWithProgressAndLendsItsTokenizer) {
  struct Seen {
    int64_t done = 0, total = 0;
  } seen;
  fathom_model_options options = Options();
  options.user = &seen;
  options.progress = [](int64_t done, int64_t total, void* user) {
    *static_cast<Seen*>(user) = {done, total};
    return 0;
  };
  fathom_model* model = nullptr;
  ASSERT_EQ(fathom_model_open(kFolder, std::strlen(kFolder), &options, &model), FATHOM_OK)
      << fathom_last_error();
  EXPECT_EQ(seen.done, seen.total);
  EXPECT_GT(seen.total, 1 << 20);
  EXPECT_EQ(fathom_model_context(model), 512);
  fathom_tokenizer* tokenizer = nullptr;
  ASSERT_EQ(fathom_model_tokenizer(model, &tokenizer), FATHOM_OK);
  fathom_model_free(model);  // the tokenizer holds on to it
  fathom_tokens tokens;
  ASSERT_EQ(fathom_tokenizer_encode(tokenizer, "hello", 5, 0, &tokens), FATHOM_OK);
  EXPECT_GT(tokens.size, 0u);
  fathom_tokens_free(&tokens);
  fathom_tokenizer_free(tokenizer);
}

TEST(ModelApi, ProgressMayGiveUp) {
  fathom_model_options options = Options();
  options.progress = [](int64_t, int64_t, void*) { return 1; };
  EXPECT_EQ(Open(options), FATHOM_CANCELLED);
}

TEST(ModelApi, OptionsAreChecked) {
  fathom_model_options options = Options();
  options.numerics = "exact";
  EXPECT_EQ(Open(options), FATHOM_INVALID_ARGUMENT);
  EXPECT_STREQ(fathom_last_error(), "numerics: \"exact\" is none of reference, fast, official");
  options = Options();
  options.cache_type = "f16";
  EXPECT_EQ(Open(options), FATHOM_INVALID_ARGUMENT);
  options = Options();
  options.context = -1;
  EXPECT_EQ(Open(options), FATHOM_INVALID_ARGUMENT) << fathom_last_error();
  options = Options();
  options.context = int64_t{1} << 50;
  EXPECT_NE(Open(options), FATHOM_OK);
  options = Options();
  options.threads = -1;
  EXPECT_EQ(Open(options), FATHOM_INVALID_ARGUMENT);
  options = Options();
  options.parallel = 257;
  EXPECT_EQ(Open(options), FATHOM_INVALID_ARGUMENT);
  EXPECT_STREQ(fathom_last_error(), "parallel: 257 is outside [0, 256]");
  options = Options();
  options.no_weight_check = 2;
  EXPECT_EQ(Open(options), FATHOM_INVALID_ARGUMENT);
  options = Options();
  options.struct_size = 0;
  EXPECT_EQ(Open(options), FATHOM_INVALID_ARGUMENT);
  EXPECT_NE(std::string(fathom_last_error()).find("struct_size is 0"), std::string::npos);
}

TEST(ModelApi, WhatCannotBeOpenedIsNamed) {
  const test::TempDir folder;
  const fathom_model_options options = Options();
  EXPECT_EQ(Open(options, folder.path().c_str()), FATHOM_NOT_FOUND);
  EXPECT_NE(std::string(fathom_last_error()).find(folder.path()), std::string::npos);
  EXPECT_EQ(Open(options, "\xff"), FATHOM_INVALID_ARGUMENT);
  folder.Write("config.json", "{\"");
  EXPECT_EQ(Open(options, folder.path().c_str()), FATHOM_INVALID_ARGUMENT);
}

TEST(ModelApi, NullIsAnswered) {
  fathom_model* model = nullptr;
  EXPECT_EQ(fathom_model_open(nullptr, 0, nullptr, &model), FATHOM_INVALID_ARGUMENT);
  EXPECT_EQ(fathom_model_open("a", 1, nullptr, nullptr), FATHOM_INVALID_ARGUMENT);
  fathom_tokenizer* tokenizer = nullptr;
  EXPECT_EQ(fathom_model_tokenizer(nullptr, &tokenizer), FATHOM_INVALID_ARGUMENT);
  fathom_work work = {};
  EXPECT_EQ(fathom_model_work(nullptr, &work), FATHOM_INVALID_ARGUMENT);
  EXPECT_EQ(fathom_model_context(nullptr), 0);
  fathom_model_free(nullptr);
}

}  // namespace
}  // namespace fathom
