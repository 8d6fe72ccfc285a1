#include "bench/number_list.h"

#include <algorithm>
#include <charconv>

namespace fathom {

Result<std::vector<int64_t>> ParseNumberList(std::string_view flag, std::string_view text,
                                             int64_t least, int64_t most) {
  constexpr size_t kMost = 32;
  std::vector<int64_t> numbers;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view word = text.substr(begin, end - begin);
    int64_t number = 0;
    const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || stop != word.data() + word.size()) {
      return InvalidArgument("{}: \"{}\" is no list of whole numbers such as 128,1024", flag, text);
    }
    if (number < least || number > most) {
      return InvalidArgument("{}: {} is outside [{}, {}]", flag, number, least, most);
    }
    if (numbers.size() == kMost) return InvalidArgument("{}: more than {} numbers", flag, kMost);
    numbers.push_back(number);
    begin = end + 1;
  }
  return numbers;
}

}  // namespace fathom
