#include "chat/tool_results.h"

#include <algorithm>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

namespace fathom::chat {
namespace {

// Sorts `results`, which stand at messages[first] and after, by the calls of messages[first - 1].
Status OrderRun(const std::vector<ToolCall>& calls, size_t first, std::span<Message> results) {
  const auto named = static_cast<size_t>(std::ranges::count_if(
      results, [](const Message& result) { return !result.tool_call_id.empty(); }));
  if (named != 0 && named != results.size()) {
    const auto bare = std::ranges::find(results, "", &Message::tool_call_id);
    return InvalidArgument(
        "messages[{}].tool_call_id: missing, while other results beside it have one",
        first + static_cast<size_t>(bare - results.begin()));
  }
  if (named == 0) {
    if (results.size() > calls.size()) {
      return InvalidArgument("messages[{}]: a tool result, but messages[{}] makes only {} calls",
                             first + calls.size(), first - 1, calls.size());
    }
    if (results.size() < calls.size()) {
      return InvalidArgument("messages[{}].tool_calls[{}] ('{}') has no result", first - 1,
                             results.size(), calls[results.size()].name);
    }
    return {};
  }

  // The calls of each id, in order, and how many of them have their result.
  std::unordered_map<std::string_view, std::pair<std::vector<size_t>, size_t>> by_id;
  for (size_t i = 0; i < calls.size(); ++i) by_id[calls[i].id].first.push_back(i);
  std::vector<std::pair<size_t, size_t>> order;  // call, result
  std::vector<bool> answered(calls.size());
  for (size_t i = 0; i < results.size(); ++i) {
    const std::string& id = results[i].tool_call_id;
    const auto found = by_id.find(id);
    if (found == by_id.end()) {
      return InvalidArgument("messages[{}].tool_call_id: '{}' is no call of messages[{}]",
                             first + i, id, first - 1);
    }
    auto& [indices, taken] = found->second;
    if (taken == indices.size()) {
      return InvalidArgument("messages[{}].tool_call_id: a second result for call '{}'", first + i,
                             id);
    }
    order.emplace_back(indices[taken], i);
    answered[indices[taken++]] = true;
  }
  const auto open = std::ranges::find(answered, false) - answered.begin();
  if (const auto missing = static_cast<size_t>(open); missing < calls.size()) {
    return InvalidArgument("messages[{}].tool_calls[{}] ('{}', id '{}') has no result", first - 1,
                           missing, calls[missing].name, calls[missing].id);
  }
  std::ranges::sort(order);
  std::vector<Message> sorted;
  for (const auto& [call, result] : order) sorted.push_back(std::move(results[result]));
  std::ranges::move(sorted, results.begin());
  return {};
}

}  // namespace

Status OrderToolResults(std::vector<Message>* messages) {
  for (size_t i = 0; i < messages->size();) {
    if ((*messages)[i].role != Role::kTool) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < messages->size() && (*messages)[end].role == Role::kTool) ++end;
    if (i == 0 || (*messages)[i - 1].role != Role::kAssistant ||
        (*messages)[i - 1].tool_calls.empty()) {
      return InvalidArgument("messages[{}]: a tool result without a call before it", i);
    }
    FATHOM_RETURN_IF_ERROR(
        OrderRun((*messages)[i - 1].tool_calls, i, std::span(*messages).subspan(i, end - i)));
    i = end;
  }
  return {};
}

}  // namespace fathom::chat
