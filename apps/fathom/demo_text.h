// A long text with one fact in it, for the demonstration: prose of our own, put together from a
// fixed list of sentences.
#pragma once

#include <string>
#include <string_view>

namespace fathom {

// About `sentences` sentences in paragraphs, in an order that `seed` decides; `needle` stands as a
// sentence of its own two fifths of the way in.
std::string LongText(int sentences, uint64_t seed, std::string_view needle);

}  // namespace fathom
