#include "tokenizer/tokenizer.h"

#include <array>
#include <mutex>
#include <utility>

#include "base/utf8.h"
#include "tokenizer/piece_cache.h"
#include "tokenizer/pre_split.h"

namespace fathom {
namespace {

struct Scratch {
  PieceCache cache;
  Bpe::Scratch bpe;
};

struct Range {
  size_t begin;
  size_t end;
};

}  // namespace

// Caches and buffers outlive a call, so that a server's short prompts find a warm cache. As many
// exist as calls have ever run at once.
class Tokenizer::ScratchPool {
 public:
  // Borrows one for its lifetime.
  class Lease {
   public:
    explicit Lease(ScratchPool* pool) : pool_(pool), scratch_(pool->Take()) {}
    ~Lease() { pool_->GiveBack(std::move(scratch_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Scratch* operator->() const { return scratch_.get(); }

   private:
    ScratchPool* pool_;
    std::unique_ptr<Scratch> scratch_;
  };

 private:
  std::unique_ptr<Scratch> Take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return std::make_unique<Scratch>();
    auto scratch = std::move(free_.back());
    free_.pop_back();
    return scratch;
  }
  void GiveBack(std::unique_ptr<Scratch> scratch) {
    scratch->bpe.Trim();
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(scratch));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<Scratch>> free_;
};

// One call of Encode: its text, and the ids so far.
class Tokenizer::Run {
 public:
  // `text` is valid UTF-8.
  Run(const Tokenizer& tokenizer, std::string_view text)
      : tokenizer_(tokenizer), text_(text), scratch_(tokenizer.scratch_.get()) {
    // English has 4 to 5 bytes a token, code 3.
    ids_.reserve(text.size() / 3 + 16);
  }

  // Everything up to `allowed.begin` is text alone, then added tokens are found up to its end.
  void Encode(std::span<const Range> allowed) {
    for (const Range& range : allowed) {
      size_t from = range.begin;
      while (const auto match = tokenizer_.parts_.raw_tokens.FindNext(UpTo(range.end), from)) {
        EncodeNormalized({from, match->begin});
        Emit(*match);
        from = match->end;
      }
      EncodeNormalized({from, range.end});
    }
    EncodePlain(text_.size());
  }

  std::vector<int32_t> Take() && { return std::move(ids_); }

 private:
  std::string_view UpTo(size_t end) const { return text_.substr(0, end); }

  // The second pass: what the first has left of an allowed range.
  void EncodeNormalized(Range range) {
    size_t from = range.begin;
    while (const auto match = tokenizer_.parts_.normalized_tokens.FindNext(UpTo(range.end), from)) {
      Emit(*match);
      from = match->end;
    }
  }

  void Emit(const AddedTokens::Match& match) {
    EncodePlain(match.begin);
    ids_.push_back(match.id);
    done_ = match.end;
  }

  // Pieces and merges from where the last one ended.
  void EncodePlain(size_t end) {
    PieceScanner scanner(text_.substr(done_, end - done_));
    for (auto piece = scanner.Next(); !piece.empty(); piece = scanner.Next()) EncodePiece(piece);
    done_ = end;
  }

  void EncodePiece(std::string_view piece) {
    if (piece.size() > PieceCache::kMaxBytes) {
      tokenizer_.bpe_.Encode(piece, &scratch_->bpe, &ids_);
      return;
    }
    const auto readable = static_cast<size_t>(text_.data() + text_.size() - piece.data());
    const PieceCache::Key key = PieceCache::KeyOf(piece, readable);
    PieceCache::Line& line = scratch_->cache.LineOf(key);
    if (PieceCache::Holds(line, key)) {
      for (const int32_t id : line.ids) {
        if (id < 0) break;
        ids_.push_back(id);
      }
      return;
    }
    const size_t before = ids_.size();
    tokenizer_.bpe_.Encode(piece, &scratch_->bpe, &ids_);
    const auto made = std::span(ids_).subspan(before);
    if (made.size() <= PieceCache::kMaxTokens) PieceCache::Put(&line, key, made);
  }

  const Tokenizer& tokenizer_;
  const std::string_view text_;
  const ScratchPool::Lease scratch_;
  size_t done_ = 0;
  std::vector<int32_t> ids_;
};

Tokenizer::Tokenizer(TokenizerParts parts, Bpe bpe)
    : parts_(std::move(parts)), bpe_(std::move(bpe)), scratch_(std::make_unique<ScratchPool>()) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<Tokenizer> Tokenizer::Make(TokenizerParts parts) {
  const Vocabulary& vocabulary = parts.vocabulary;
  // Ordinary text reaches the single bytes and the results of merges. None may be an added token,
  // or typing its characters would be enough to get it.
  std::array<int32_t, 256> byte_ids;
  for (size_t byte = 0; byte < byte_ids.size(); ++byte) {
    const auto spelled = static_cast<char>(byte);
    const auto id = vocabulary.Find(std::string_view(&spelled, 1));
    if (!id) return InvalidArgument("vocab: no token for the single byte 0x{:02x}", byte);
    if (vocabulary.IsAdded(*id)) {
      return Unsupported("added_tokens: {} is a single byte, which any text could become",
                         QuoteToken(vocabulary.Bytes(*id)));
    }
    byte_ids[byte] = *id;
  }
  for (size_t rank = 0; rank < parts.merges.size(); ++rank) {
    const int32_t result = parts.merges[rank].result;
    if (vocabulary.IsAdded(result)) {
      return Unsupported("added_tokens: {} is made by merges[{}], so any text could become it",
                         QuoteToken(vocabulary.Bytes(result)), rank);
    }
  }
  FATHOM_ASSIGN_OR_RETURN(Bpe bpe, Bpe::Make(byte_ids, parts.merges, vocabulary.id_limit()));
  parts.merges = {};  // from here on the table of bpe
  return Tokenizer(std::move(parts), std::move(bpe));
}

std::vector<int32_t> Tokenizer::Encode(std::string_view text, AllowSpecial allow_special) const {
  const TextSegment segment{text, allow_special};
  return Encode(std::span(&segment, 1));
}

std::vector<int32_t> Tokenizer::Encode(std::span<const TextSegment> segments) const {
  std::string joined;
  std::vector<Range> allowed;
  // A single valid text, the common case, is not copied.
  const bool copy = segments.size() != 1 || !IsValidUtf8(segments[0].text);
  size_t end = 0;
  for (const TextSegment& segment : segments) {
    const size_t begin = end;
    if (copy) joined += ReplaceInvalidUtf8(segment.text);
    end = copy ? joined.size() : segment.text.size();
    if (segment.allow_special == AllowSpecial::kNo) continue;
    if (!allowed.empty() && allowed.back().end == begin) {
      allowed.back().end = end;
    } else {
      allowed.push_back({begin, end});
    }
  }
  Run run(*this, copy ? std::string_view(joined) : segments[0].text);
  run.Encode(allowed);
  return std::move(run).Take();
}

Result<std::string> Tokenizer::Decode(std::span<const int32_t> ids) const {
  std::string bytes;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (Status status = parts_.vocabulary.Check(ids[i]); !status.ok()) {
      return status.At(fmt::format("ids[{}]", i));
    }
    bytes += parts_.vocabulary.Bytes(ids[i]);
  }
  return ReplaceInvalidUtf8(bytes);
}

}  // namespace fathom
