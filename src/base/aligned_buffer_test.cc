#include "base/aligned_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace fathom {
namespace {

TEST(AlignedBuffer, IsAlignedAndZero) {
  for (const size_t bytes : {size_t{1}, size_t{63}, size_t{64}, size_t{4097}, size_t{3} << 20}) {
    const Result<AlignedBuffer> made = AlignedBuffer::Allocate(bytes);
    ASSERT_TRUE(made.ok()) << made.status().message();
    const AlignedBuffer& buffer = *made;
    EXPECT_EQ(buffer.size(), bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % 64, 0u) << bytes;
    const auto all = buffer.As<uint8_t>();
    EXPECT_EQ(all.size(), bytes);
    EXPECT_TRUE(std::all_of(all.begin(), all.end(), [](uint8_t byte) { return byte == 0; }));
    std::fill(all.begin(), all.end(), uint8_t{0xA5});
    EXPECT_EQ(static_cast<int>(buffer.data()[bytes - 1]), 0xA5);
  }
}

TEST(AlignedBuffer, NothingCostsNothing) {
  const Result<AlignedBuffer> none = AlignedBuffer::Allocate(0);
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(none->data(), nullptr);
  EXPECT_EQ(none->size(), 0u);
  EXPECT_TRUE(none->As<float>().empty());
}

TEST(AlignedBuffer, ViewsHoldWholeElements) {
  const Result<AlignedBuffer> buffer = AlignedBuffer::Allocate(11);
  ASSERT_TRUE(buffer.ok());
  EXPECT_EQ(buffer->As<float>().size(), 2u);
}

TEST(AlignedBuffer, MovesItsMemory) {
  Result<AlignedBuffer> made = AlignedBuffer::Allocate(100);
  ASSERT_TRUE(made.ok());
  AlignedBuffer first = std::move(made).value();
  std::byte* const memory = first.data();
  memory[7] = std::byte{42};

  AlignedBuffer second(std::move(first));
  EXPECT_EQ(second.data(), memory);
  EXPECT_EQ(second.size(), 100u);

  AlignedBuffer third;
  third = std::move(second);
  EXPECT_EQ(third.data(), memory);
  EXPECT_EQ(third.As<uint8_t>()[7], 42);
}

TEST(AlignedBuffer, SaysHowMuchItCouldNotHave) {
  // More than any address space holds, so no overcommit setting lets it through.
  const size_t bytes = size_t{1} << 62;
  const Result<AlignedBuffer> huge = AlignedBuffer::Allocate(bytes);
  ASSERT_FALSE(huge.ok());
  EXPECT_EQ(huge.status().code(), Code::kResourceExhausted);
  EXPECT_EQ(huge.status().message(), "no memory for 4611686018427387904 bytes");
}

}  // namespace
}  // namespace fathom
