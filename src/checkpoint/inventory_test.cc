#include "checkpoint/inventory.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "support/temp_dir.h"
#include "support/tiny_checkpoint.h"

namespace fathom {
namespace {

std::map<std::string, InventoryRow> ByKind(const Inventory& inventory) {
  std::map<std::string, InventoryRow> rows;
  for (const InventoryRow& row : inventory.rows) rows[row.kind] = row;
  return rows;
}

// The published count of elements; the parts are those of spec 2.6, plus their scales.
TEST(Inventory, OfThePublishedModel) {
  const ModelConfig config =
      LoadModelConfig(FATHOM_SOURCE_DIR "/tests/golden/deepseek-v3.2/config.json").value();
  const Inventory inventory = SumByKind(PublishedTensors(config));
  EXPECT_EQ(inventory.total.elements, 685'396'921'376);
  EXPECT_EQ(inventory.total.bytes, 689'469'018'240);
  auto rows = ByKind(inventory);
  EXPECT_EQ(rows["embedding"].elements, 926'679'040);
  EXPECT_EQ(rows["head"].bytes, int64_t{2} * 926'679'040);
  EXPECT_EQ(rows["router"].elements, 58 * 1'835'264);
  EXPECT_EQ(rows["routed experts"].tensors, 58 * 256 * 3 * 2);
  EXPECT_EQ(rows["routed experts"].elements, int64_t{58} * 256 * (44'040'192 + 3 * 16 * 56));
  EXPECT_EQ(rows["dense MLP"].elements, int64_t{3} * (396'361'728 + 3 * 144 * 56));
  EXPECT_FALSE(rows.contains("MTP joint"));  // within the MTP layer
  int64_t tensors = 0, elements = 0, bytes = 0;
  for (const InventoryRow& row : inventory.rows) {
    tensors += row.tensors;
    elements += row.elements;
    bytes += row.bytes;
  }
  EXPECT_EQ(tensors, inventory.total.tensors);
  EXPECT_EQ(elements, inventory.total.elements);
  EXPECT_EQ(bytes, inventory.total.bytes);
}

TEST(Inventory, OfACheckpointIsWhatItStores) {
  const test::TempDir dir;
  test::TinyCheckpoint tiny;
  tiny.Remove("model.layers.3.embed_tokens.weight");
  tiny.UseE8M0Scales();
  tiny.Write(dir.path());
  const Checkpoint checkpoint = OpenCheckpoint(dir.path()).value();
  const Inventory inventory = SumByKind(StoredTensors(checkpoint));
  EXPECT_EQ(inventory.total.tensors, static_cast<int64_t>(tiny.tensors.size()));
  EXPECT_EQ(inventory.total.bytes, checkpoint.tensors.bytes());
}

TEST(Inventory, AWholeCheckpointIsThePublishedList) {
  const test::TempDir dir;
  test::TinyCheckpoint().Write(dir.path());
  const Checkpoint checkpoint = OpenCheckpoint(dir.path()).value();
  const auto stored = StoredTensors(checkpoint), published = PublishedTensors(checkpoint.config);
  ASSERT_EQ(stored.size(), published.size());
  for (size_t i = 0; i < stored.size(); ++i) {
    EXPECT_EQ(stored[i].name, published[i].name);
    EXPECT_EQ(stored[i].dtype, published[i].dtype);
    EXPECT_EQ(stored[i].shape, published[i].shape);
  }
}

}  // namespace
}  // namespace fathom
