#include "api/turn_memory.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "json/parse.h"
#include "json/value.h"

namespace fathom::api {
namespace {

size_t BytesOf(const chat::Message& message) {
  size_t bytes = sizeof(message) + message.reasoning.size() + message.tool_call_id.size();
  if (message.content) bytes += message.content->size();
  for (const chat::ToolCall& call : message.tool_calls) {
    bytes += sizeof(call) + call.id.size() + call.name.size() + call.arguments.size();
  }
  return bytes;
}

bool SameValue(const json::Value& a, const json::Value& b);

// Whatever the order of their members.
bool SameObject(const json::Object& a, const json::Object& b) {
  if (a.size() != b.size()) return false;
  return std::ranges::all_of(a, [&](const json::Member& member) {
    const json::Value* other = b.Find(member.key);
    return other != nullptr && SameValue(member.value, *other);
  });
}

bool SameValue(const json::Value& a, const json::Value& b) {
  if (a.is_object() && b.is_object()) return SameObject(a.object(), b.object());
  if (a.is_array() && b.is_array()) return std::ranges::equal(a.array(), b.array(), SameValue);
  if (a == b) return true;
  // 1.0 is 1; beyond 2^53 two integers may be one double.
  if (!a.is_number() || !b.is_number()) return false;
  const double x = *a.AsDouble();
  return x == *b.AsDouble() && std::abs(x) < 0x1p53;
}

bool SameArguments(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const auto left = json::Parse(a), right = json::Parse(b);
  return left.ok() && right.ok() && SameValue(*left, *right);
}

std::string WithoutSpace(std::string_view text) {
  std::string bare;
  for (const char c : text) {
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') bare.push_back(c);
  }
  return bare;
}

// The client's message says what was said, in this form or another.
bool SaysTheSame(const chat::Message& sent, const chat::Message& said) {
  if (sent.tool_calls.size() != said.tool_calls.size()) return false;
  for (size_t i = 0; i < sent.tool_calls.size(); ++i) {
    const chat::ToolCall &a = sent.tool_calls[i], &b = said.tool_calls[i];
    if (a.id != b.id || a.name != b.name || !SameArguments(a.arguments, b.arguments)) return false;
  }
  if (!sent.reasoning.empty() && WithoutSpace(sent.reasoning) != WithoutSpace(said.reasoning)) {
    return false;
  }
  // Many clients leave out the text that came before a call.
  const std::string content = WithoutSpace(sent.content.value_or(""));
  return content.empty() || content == WithoutSpace(said.content.value_or(""));
}

}  // namespace

std::shared_ptr<const RememberedTurn> MakeTurn(const GeneratedMessage& answer, bool thinking,
                                               int32_t end_of_sentence) {
  auto turn = std::make_shared<RememberedTurn>();
  turn->message = answer.message;
  if (answer.end.open == chat::OpenSection::kNone && !answer.tokens.empty() &&
      answer.tokens.back() == end_of_sentence) {
    turn->said.tokens = answer.tokens;
    turn->said.thinking = thinking;
  }
  return turn;
}

void TurnMemory::KeepTurn(uint64_t scope, std::shared_ptr<const RememberedTurn> turn,
                          double now_seconds) {
  Entry entry;
  entry.bytes = sizeof(Entry) + BytesOf(turn->message) + turn->said.tokens.size() * sizeof(int32_t);
  for (const chat::ToolCall& call : turn->message.tool_calls) {
    entry.keys.emplace_back(scope, "call " + call.id);
    entry.bytes += 2 * call.id.size() + sizeof(Key);
  }
  entry.turn = std::move(turn);
  entry.used_at = now_seconds;
  Keep(std::move(entry));
}

void TurnMemory::KeepConversation(uint64_t scope, const std::string& id,
                                  std::shared_ptr<const RememberedConversation> conversation,
                                  double now_seconds) {
  Entry entry;
  entry.bytes = sizeof(Entry) + sizeof(Key) + id.size();
  for (const chat::Message& message : conversation->messages) entry.bytes += BytesOf(message);
  entry.keys.emplace_back(scope, "response " + id);
  entry.conversation = std::move(conversation);
  entry.used_at = now_seconds;
  Keep(std::move(entry));
}

void TurnMemory::Keep(Entry entry) {
  if (entry.keys.empty() || entry.bytes > options_.bytes) return;
  const std::lock_guard lock(mutex_);
  for (const Key& key : entry.keys) {
    if (const auto old = index_.find(key); old != index_.end()) Drop(old->second);
  }
  const double oldest = entry.used_at - options_.seconds;
  while (!entries_.empty() &&
         (bytes_ + entry.bytes > options_.bytes || entries_.back().used_at < oldest)) {
    ++counts_.dropped;
    Drop(std::prev(entries_.end()));
  }
  bytes_ += entry.bytes;
  entries_.push_front(std::move(entry));
  for (const Key& key : entries_.front().keys) index_[key] = entries_.begin();
}

void TurnMemory::Drop(Entries::iterator entry) {
  for (const Key& key : entry->keys) index_.erase(key);
  bytes_ -= entry->bytes;
  entries_.erase(entry);
}

const TurnMemory::Entry* TurnMemory::Find(const Key& key, double now_seconds) {
  const auto found = index_.find(key);
  if (found == index_.end()) {
    ++counts_.missed;
    return nullptr;
  }
  const Entries::iterator entry = found->second;
  if (entry->used_at < now_seconds - options_.seconds) {
    ++counts_.missed;
    ++counts_.dropped;
    Drop(entry);
    return nullptr;
  }
  ++counts_.found;
  entry->used_at = now_seconds;
  entries_.splice(entries_.begin(), entries_, entry);
  return &*entry;
}

std::shared_ptr<const RememberedTurn> TurnMemory::FindTurn(uint64_t scope, std::string_view call_id,
                                                           double now_seconds) {
  const std::lock_guard lock(mutex_);
  const Entry* entry = Find({scope, fmt::format("call {}", call_id)}, now_seconds);
  return entry == nullptr ? nullptr : entry->turn;
}

std::shared_ptr<const RememberedConversation> TurnMemory::FindConversation(uint64_t scope,
                                                                           std::string_view id,
                                                                           double now_seconds) {
  const std::lock_guard lock(mutex_);
  const Entry* entry = Find({scope, fmt::format("response {}", id)}, now_seconds);
  return entry == nullptr ? nullptr : entry->conversation;
}

bool TurnMemory::ForgetConversation(uint64_t scope, std::string_view id) {
  const std::lock_guard lock(mutex_);
  const auto found = index_.find({scope, fmt::format("response {}", id)});
  if (found == index_.end()) return false;
  Drop(found->second);
  return true;
}

MemoryCounts TurnMemory::counts() const {
  const std::lock_guard lock(mutex_);
  MemoryCounts counts = counts_;
  counts.entries = entries_.size();
  counts.bytes = bytes_;
  return counts;
}

std::map<size_t, SaidTokens> RestoreTurns(TurnMemory& memory, uint64_t scope, double now_seconds,
                                          std::vector<chat::Message>* messages) {
  std::map<size_t, SaidTokens> said;
  size_t answer = 0;
  for (chat::Message& message : *messages) {
    if (message.role != chat::Role::kAssistant) continue;
    const size_t index = answer++;
    if (message.tool_calls.empty()) continue;
    const auto turn = memory.FindTurn(scope, message.tool_calls[0].id, now_seconds);
    if (turn == nullptr || !SaysTheSame(message, turn->message)) continue;
    message = turn->message;
    if (!turn->said.tokens.empty()) said[index] = turn->said;
  }
  return said;
}

}  // namespace fathom::api
