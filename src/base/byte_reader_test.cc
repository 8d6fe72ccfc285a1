#include "base/byte_reader.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace fathom {
namespace {

TEST(ByteReader, ReadsLittleEndianInOrder) {
  const std::vector<uint8_t> bytes = {0x01, 0x34, 0x12, 0xEF, 0xBE, 0xAD, 0xDE, 0xFF};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.Read<uint8_t>(), 0x01);
  EXPECT_EQ(reader.Read<uint16_t>(), 0x1234);
  EXPECT_EQ(reader.Read<uint32_t>(), 0xDEADBEEF);
  EXPECT_EQ(reader.offset(), 7u);
  EXPECT_EQ(reader.left(), 1u);
  EXPECT_EQ(reader.Read<int8_t>(), -1);
  EXPECT_EQ(reader.left(), 0u);
}

TEST(ByteReader, RefusesAndStaysWhereTooLittleIsLeft) {
  const std::vector<uint8_t> bytes = {1, 2, 3};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.Read<uint32_t>(), std::nullopt);
  EXPECT_EQ(reader.offset(), 0u);
  EXPECT_FALSE(reader.ReadBytes(4).has_value());
  EXPECT_EQ(reader.offset(), 0u);
  EXPECT_EQ(reader.Read<uint16_t>(), 0x0201);
  EXPECT_EQ(reader.Read<uint16_t>(), std::nullopt);
  EXPECT_EQ(reader.Read<uint8_t>(), 3);
}

TEST(ByteReader, LendsBytesWithoutCopying) {
  const std::vector<uint8_t> bytes = {1, 2, 3, 4};
  ByteReader reader(bytes);
  (void)reader.Read<uint8_t>();
  const auto taken = reader.ReadBytes(2);
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->data(), bytes.data() + 1);
  EXPECT_EQ(taken->size(), 2u);
  EXPECT_EQ(reader.offset(), 3u);
  EXPECT_TRUE(reader.ReadBytes(0).has_value());
}

// A length out of a hostile file must not wrap around.
TEST(ByteReader, RefusesTheLargestLength) {
  const std::vector<uint8_t> bytes = {1, 2};
  ByteReader reader(bytes);
  (void)reader.Read<uint8_t>();
  EXPECT_FALSE(reader.ReadBytes(std::numeric_limits<uint64_t>::max()).has_value());
  EXPECT_EQ(reader.left(), 1u);
}

TEST(ByteReader, EmptyInputHasNothing) {
  ByteReader reader({});
  EXPECT_EQ(reader.Read<uint8_t>(), std::nullopt);
  EXPECT_EQ(reader.left(), 0u);
}

}  // namespace
}  // namespace fathom
