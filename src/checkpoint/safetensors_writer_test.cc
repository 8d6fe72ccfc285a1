#include "checkpoint/safetensors_writer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>

#include "checkpoint/tensor_source.h"
#include "support/temp_dir.h"

namespace fathom {
namespace {

const std::vector<PlannedTensor> kPlan = {{"wide", DType::kF32, {2, 3}},
                                          {"half", DType::kBF16, {5}},
                                          {"none", DType::kF32, {0}},
                                          {"with \"quotes\"", DType::kF8E4M3, {3, 1}}};

TEST(SafetensorsWriter, WhatIsWrittenReadsBack) {
  const test::TempDir dir;
  const std::string path = dir.File("a.safetensors");
  std::vector<std::byte> data(24 + 10 + 3);
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(i + 1);
  SafetensorsWriter writer = SafetensorsWriter::Create(path, kPlan).value();
  // Pieces need not follow the borders of tensors.
  for (size_t at = 0; at < data.size(); at += 7) {
    ASSERT_TRUE(
        writer.Append(std::span(data).subspan(at, std::min<size_t>(7, data.size() - at))).ok());
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  ASSERT_TRUE(writer.Finish().ok());
  EXPECT_FALSE(std::filesystem::exists(path + ".partial"));

  const TensorSource source = TensorSource::OpenFile(path).value();
  EXPECT_EQ(source.tensors().size(), 4U);
  EXPECT_EQ(source.bytes(), 37);
  size_t at = 0;
  for (const PlannedTensor& planned : kPlan) {
    const StoredTensor* tensor = source.Find(planned.name);
    ASSERT_NE(tensor, nullptr) << planned.name;
    EXPECT_EQ(tensor->view.dtype, planned.dtype);
    EXPECT_EQ(tensor->view.shape, planned.shape);
    const auto size = static_cast<size_t>(planned.bytes());
    EXPECT_EQ(memcmp(tensor->view.data, data.data() + at, size), 0) << planned.name;
    at += size;
  }
  EXPECT_EQ(reinterpret_cast<uintptr_t>(source.Find("wide")->view.data) % 64, 0U);
}

TEST(SafetensorsWriter, ThePreambleIsTheFrontOfTheFile) {
  const std::string preamble = SafetensorsPreamble(kPlan);
  EXPECT_EQ(preamble.size() % 64, 0U);
  EXPECT_EQ(preamble.substr(8, 31), R"({"__metadata__":{"format":"pt"})");
}

TEST(SafetensorsWriter, WithoutFinishNothingStays) {
  const test::TempDir dir;
  {
    SafetensorsWriter writer = SafetensorsWriter::Create(dir.File("a.safetensors"), kPlan).value();
    EXPECT_TRUE(std::filesystem::exists(dir.File("a.safetensors.partial")));
    const SafetensorsWriter moved = std::move(writer);
    EXPECT_TRUE(std::filesystem::exists(dir.File("a.safetensors.partial")));
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

TEST(SafetensorsWriter, AHoleReadsAsZeros) {
  const test::TempDir dir;
  const std::string path = dir.File("a.safetensors");
  const std::vector<PlannedTensor> plan = {{"big", DType::kF32, {1 << 10, 1 << 14}}};  // 64 MiB
  SafetensorsWriter writer = SafetensorsWriter::Create(path, plan).value();
  ASSERT_TRUE(writer.LeaveHole().ok());
  ASSERT_TRUE(writer.Finish().ok());
  const TensorSource source = TensorSource::OpenFile(path).value();
  EXPECT_EQ(source.bytes(), 64 << 20);
  EXPECT_EQ(static_cast<const float*>(source.Find("big")->view.data)[(1 << 24) - 1], 0.0F);
}

TEST(SafetensorsWriter, AnUnfinishedPlanStops) {
  const test::TempDir dir;
  SafetensorsWriter writer = SafetensorsWriter::Create(dir.File("a.safetensors"), kPlan).value();
  EXPECT_DEATH((void)writer.Finish(), "37 bytes were planned and not written");
  const std::vector<std::byte> much(38);
  EXPECT_DEATH((void)writer.Append(much), "38 bytes, 37 planned");
}

TEST(SafetensorsWriter, SaysWhereItCannotWrite) {
  const test::TempDir dir;
  const std::string path = dir.File("absent/a.safetensors");
  EXPECT_EQ(SafetensorsWriter::Create(path, kPlan).status().message(),
            path + ".partial: cannot be made: No such file or directory");
}

}  // namespace
}  // namespace fathom
