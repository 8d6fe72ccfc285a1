#include "mcp/event_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fathom::mcp {
namespace {

using Events = std::vector<std::string>;

Events Read(const std::string& text, size_t step, Status* status) {
  EventReader reader(100);
  Events events;
  for (size_t at = 0; at < text.size() && status->ok(); at += step) {
    *status = reader.Add(std::string_view(text).substr(at, step),
                         [&](const std::string& data) { events.push_back(data); });
  }
  return events;
}

TEST(EventReader, FindsMessagesHoweverTheyArrive) {
  struct Case {
    std::string text;
    Events events;
  };
  for (const Case& each : std::vector<Case>{
           {"data: a\n\ndata: b\n\n", {"a", "b"}},
           {"\xef\xbb\xbf"
            "data: a\r\n\r\ndata:b\r\rdata:  c\n\n",
            {"a", "b", " c"}},
           {"data: a\ndata: b\ndata\n\n", {"a\nb\n"}},
           {": comment\nid: 7\nretry: 10\nother: x\ndata: a\n\n", {"a"}},
           {"event: message\ndata: a\n\nevent: other\ndata: b\n\ndata: c\n\n", {"a", "c"}},
           {"event: message\n\n\n\nid: 1\n\n", {}},
           {"data:\n\n", {""}},
           {"data: never ends\n", {}},
           {"database: x\n\n", {}},
       }) {
    for (const size_t step : {1, 2, 3, 1000}) {
      Status status;
      EXPECT_EQ(Read(each.text, step, &status), each.events) << each.text << " step " << step;
      EXPECT_TRUE(status.ok());
    }
  }
}

TEST(EventReader, AnEventThatIsTooLargeEndsIt) {
  std::string many_lines = "data: a\n\n";
  for (int i = 0; i < 60; ++i) many_lines += "data: x\n";
  for (const std::string& text : {"data: a\n\ndata: " + std::string(200, 'x') + "\n\n",
                                  "data: a\n\n: " + std::string(200, 'x'), many_lines + "\n"}) {
    for (const size_t step : {1, 7, 1000}) {
      Status status;
      EXPECT_EQ(Read(text, step, &status), Events{"a"});
      EXPECT_EQ(status.code(), Code::kResourceExhausted) << text;
    }
  }
}

}  // namespace
}  // namespace fathom::mcp
