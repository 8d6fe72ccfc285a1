#include "demo_text.h"

#include <array>
#include <cstdint>

#include "base/random.h"

namespace fathom {
namespace {

constexpr std::array<std::string_view, 64> kSentences = {
    "The harbor lay quiet under a thin grey mist, and the boats moved a little on the tide.",
    "An old man sat on the wall and mended a net, as he had done every morning for forty years.",
    "\"You will have wind before noon,\" he said, and nobody on the quay doubted him.",
    "Behind the church the road climbed between stone walls until it reached the open hill.",
    "Two children ran down to the water with a basket, laughing and calling to each other.",
    "The baker had opened his door, and the smell of new bread came down the street.",
    "She put the letter into her pocket and walked on without reading it.",
    "\"I do not know the way,\" answered the stranger, \"but I shall find it before dark.\"",
    "A dog barked somewhere among the farms, and another replied from across the valley.",
    "The clock in the tower struck nine, slowly, as if it were tired of counting.",
    "Rain had fallen in the night, and the leaves of the chestnut trees were still shining.",
    "He took off his hat, wiped his forehead, and looked back at the long road.",
    "\"There was a bridge here once,\" said the guide, \"but the river carried it away.\"",
    "The captain folded the map and gave it to the boy, who held it with both hands.",
    "In the kitchen the kettle began to sing, and the cat moved nearer to the fire.",
    "Nobody remembered who had built the lighthouse, or why it stood so far from the sea.",
    "The horses were tired, and so they rested for an hour beside the stream.",
    "\"If you are hungry,\" said the woman kindly, \"there is soup, and there is bread.\"",
    "Far away, above the woods, a thread of smoke rose straight into the evening sky.",
    "He counted the coins twice, found one too few, and counted them again.",
    "The schoolmaster closed his book and looked through the window for a long time.",
    "A cart loaded with apples came slowly through the gate, and its wheels complained.",
    "\"My brother went to the mountains,\" she said, \"and came back with white hair.\"",
    "The garden was full of roses that year, red ones by the wall and yellow ones by the well.",
    "They spoke in low voices, for the walls of the inn were thin and the hour was late.",
    "The fisherman showed them a shell that was larger than a plate and as blue as the evening.",
    "When the snow came, the village was shut off from the rest of the world until spring.",
    "He had a habit of whistling when he was afraid, and now he whistled very loudly.",
    "The lamp went out, and for a moment there was nothing but the sound of the sea.",
    "\"Sit down,\" said the doctor, \"and tell me everything from the beginning.\"",
    "The path was narrow, and on the left the rock fell away into the deep shadow of the gorge.",
    "Her grandmother had told her the story so often that she knew every word of it.",
    "A soldier in a torn coat asked for water, drank it, and thanked them with a bow.",
    "The miller's daughter kept three geese, and each of them had a name and a temper.",
    "By the time they reached the ferry, the last boat had already crossed to the other side.",
    "\"It is only the wind,\" he whispered, though there was no wind that night.",
    "The carpenter measured the plank once more and shook his head at what he found.",
    "Along the shore lay pieces of a broken ship, black with tar and heavy with salt.",
    "The young clerk wrote the date at the top of the page and then could not think of a word.",
    "A fair had been set up on the meadow, with tents, a fiddler, and a bear that could dance.",
    "The mountains were so clear that morning that one could count the trees upon them.",
    "\"We shall be there on Friday,\" said the driver, \"or on Saturday, if the axle breaks.\"",
    "She lit a candle, opened the old chest, and took out a dress that had been her mother's.",
    "The shepherd pointed with his stick to a white stone, and there the path divided.",
    "All day long the bells had been ringing, and in the evening the whole town was tired of joy.",
    "The stranger paid for his supper with a silver coin that nobody in the house had seen before.",
    "Under the bridge the water was green and still, and a heron stood there on one leg.",
    "\"I have been a sailor, a cook, and a thief,\" he said, \"and cooking was the hardest.\"",
    "The windows of the great house were dark, except for one, high up, under the roof.",
    "They laid the boards across the mud and pushed the wagon over them, shouting all together.",
    "At the end of the lane there was a small gate, and behind it an orchard of pear trees.",
    "The judge was an honest man, but he was deaf in one ear and heard only half of every quarrel.",
    "Swallows had built their nests beneath the roof, and their young ones cried from morning on.",
    "He drew a circle in the sand, put a pebble in the middle, and told them that this was the "
    "sun.",
    "\"Do not touch the blue bottle,\" said his aunt, and of course he thought of nothing else.",
    "In the afternoon the heat was so great that even the flies forgot to trouble the horses.",
    "The tailor had forgotten the buttons, and the wedding was on the next day.",
    "A long line of geese passed over the house, and their voices came down out of the dark.",
    "The old road was overgrown with grass, for since the war nobody had any business beyond it.",
    "She laughed, and the whole table laughed with her, although none of them knew the reason.",
    "On the third day they saw birds, and on the fourth a branch with green leaves in the water.",
    "\"Every door in this town has two keys,\" said the locksmith, \"and I have made them all.\"",
    "The fire burned low, and one after another they stood up, said good night, and went to bed.",
    "In the morning the sky was clear again, and the boats went out with the first light.",
};

constexpr int kParagraph = 7;  // sentences

}  // namespace

std::string LongText(int sentences, uint64_t seed, std::string_view needle) {
  std::string text;
  size_t last = kSentences.size();
  for (int i = 0; i < sentences; ++i) {
    if (i > 0) text += i % kParagraph == 0 ? '\n' : ' ';
    if (i == sentences * 2 / 5) {
      text += needle;
      text += ' ';
    }
    size_t pick = Philox(seed, 0, static_cast<uint64_t>(i))[0] % kSentences.size();
    if (pick == last) pick = (pick + 1) % kSentences.size();
    text += kSentences[pick];
    last = pick;
  }
  return text;
}

}  // namespace fathom
