// What the server remembers of its own answers, so that a client may forget it.
//
// The model's reasoning must stand in the prompt while a tool loop runs, and its calls exactly as
// it wrote them; many clients drop the first and re-format the second. So every answer with calls
// is kept under the ids of its calls, with its tokens. And an answer of the responses API is kept
// under its own id, with the conversation before it, for previous_response_id.
//
// Everything belongs to the key holder (scope) it was made for: to another one, an id is unknown.
// Ids hold 128 random bits. Kept is what fits the budget, the latest used, for a limited time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/text_generation.h"
#include "agent/text_prompt.h"
#include "chat/conversation.h"

namespace fathom::api {

// One answer as it was given.
struct RememberedTurn {
  chat::Message message;  // with the calls' ids
  SaidTokens said;
};
// The answer's tokens are kept where the model itself ended it: only then it stands in the next
// prompt as it was said.
std::shared_ptr<const RememberedTurn> MakeTurn(const GeneratedMessage& answer, bool thinking,
                                               int32_t end_of_sentence);

// A conversation up to and with an answer.
struct RememberedConversation {
  std::vector<chat::Message> messages;
};

struct MemoryOptions {
  size_t bytes = 256 << 20;
  double seconds = 6 * 3600;  // since its last use
};

struct MemoryCounts {
  size_t entries = 0, bytes = 0;
  int64_t found = 0, missed = 0, dropped = 0;  // ever
};

// Any thread.
class TurnMemory {
 public:
  explicit TurnMemory(MemoryOptions options) : options_(options) {}

  // `now_seconds` is of any steady clock. A second entry under an id replaces the first. What alone
  // is larger than the budget is not kept.
  void KeepTurn(uint64_t scope, std::shared_ptr<const RememberedTurn> turn, double now_seconds);
  void KeepConversation(uint64_t scope, const std::string& id,
                        std::shared_ptr<const RememberedConversation> conversation,
                        double now_seconds);

  // The answer that made the call; null when it is unknown, which it is to every other scope.
  std::shared_ptr<const RememberedTurn> FindTurn(uint64_t scope, std::string_view call_id,
                                                 double now_seconds);
  std::shared_ptr<const RememberedConversation> FindConversation(uint64_t scope,
                                                                 std::string_view id,
                                                                 double now_seconds);
  // Returns whether it was there.
  bool ForgetConversation(uint64_t scope, std::string_view id);

  MemoryCounts counts() const;

 private:
  using Key = std::pair<uint64_t, std::string>;
  struct Entry {
    std::vector<Key> keys;  // an answer with several calls has several
    std::shared_ptr<const RememberedTurn> turn;
    std::shared_ptr<const RememberedConversation> conversation;
    size_t bytes = 0;
    double used_at = 0;
  };
  using Entries = std::list<Entry>;

  void Keep(Entry entry);
  const Entry* Find(const Key& key, double now_seconds);
  void Drop(Entries::iterator entry);

  const MemoryOptions options_;
  mutable std::mutex mutex_;
  Entries entries_;  // the latest used first
  std::map<Key, Entries::iterator> index_;
  size_t bytes_ = 0;
  MemoryCounts counts_;
};

// Puts what is remembered where the client left it out or wrote it otherwise: the reasoning and the
// arguments' text of every message of the assistant whose calls are known, and the tokens in which
// they were said. A message that differs in more than form (another function, other arguments,
// other reasoning) is the client's own, and stays. Returns the tokens by TextRequest::said's index.
std::map<size_t, SaidTokens> RestoreTurns(TurnMemory& memory, uint64_t scope, double now_seconds,
                                          std::vector<chat::Message>* messages);

}  // namespace fathom::api
