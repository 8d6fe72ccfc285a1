// The cache, the indexer and both forms of attention on the CPU.

#include <algorithm>
#include <limits>
#include <numeric>

#include "cpu/cpu_backend.h"
#include "parallel/partition.h"

namespace fathom {
namespace {

struct Slot {
  int64_t page, offset;
};

Slot SlotOf(const StepRows& rows, int64_t row) {
  const int64_t position = rows.positions[row];
  return {rows.PageTable(row)[position / kPageTokens], position % kPageTokens};
}

// Floats beside a part's result: its largest score, its sum, and padding to a cache line.
constexpr int64_t kPartState = 16;

// How many heads of a row are computed together: they share the gathered rows of the cache, but are
// one piece of work. Gathering and unpacking a row costs as much as three heads (docs/kernels.md).
int64_t HeadsTogether(int64_t rows, int64_t heads, int threads) {
  constexpr int64_t kGatherCost = 3;
  int64_t best = 1, best_cost = std::numeric_limits<int64_t>::max();
  for (int64_t group = 1; group <= std::min(kSparseHeads, heads); ++group) {
    const int64_t rounds = CeilDiv(rows * CeilDiv(heads, group), threads);
    const int64_t cost = rounds * (kGatherCost + group);
    if (cost < best_cost) {
      best = group;
      best_cost = cost;
    }
  }
  return best;
}

}  // namespace

CacheRows CpuBackend::CacheOf(const LayerCache& cache, const StepRows& rows, int64_t row) {
  CacheRows view = {};
  view.latents = cache.latents;
  view.index_keys = cache.index_keys;
  view.page_table = rows.PageTable(row);
  view.latent_bytes = cache.layout.LatentBytes();
  view.index_bytes = cache.layout.IndexKeyBytes();
  view.latent_dim = cache.layout.latent_dim;
  view.rope_dim = cache.layout.rope_dim;
  view.index_dim = cache.layout.index_dim;
  view.type = static_cast<uint8_t>(cache.layout.type);
  return view;
}

std::vector<Range> CpuBackend::SequenceRuns(const StepRows& rows, std::span<const int32_t> which) {
  std::vector<Range> runs;
  for (int64_t i = 0; i < static_cast<int64_t>(which.size()); ++i) {
    const auto sequence = [&](int64_t at) {
      return rows.sequences[which[static_cast<size_t>(at)]];
    };
    if (!runs.empty() && sequence(i) == sequence(i - 1)) {
      ++runs.back().end;
    } else {
      runs.push_back({i, i + 1});
    }
  }
  return runs;
}

void CpuBackend::CountAttention(const StepRows& rows, std::span<const int32_t> which,
                                const int32_t* counts, bool dense) {
  for (const int32_t row : which) {
    const int64_t held = rows.positions[row] + 1;
    counters_.latent_rows_read += counts == nullptr ? held : counts[row];
    counters_.latent_rows_held += held;
  }
  (dense ? counters_.dense_rows : counters_.sparse_rows) += static_cast<int64_t>(which.size());
}

void CpuBackend::WriteLatents(const WriteLatentsParams& p) {
  const CacheLayout& layout = p.cache.layout;
  const int64_t bytes = layout.LatentBytes();
  ForRows(p.rows.count, p.kv.cols, [&](int64_t row) {
    const Slot slot = SlotOf(p.rows, row);
    kernels_.write_latent(p.kv.row<float>(row), layout.latent_dim, layout.rope_dim,
                          static_cast<uint8_t>(layout.type),
                          p.cache.latents + (slot.page * kPageTokens + slot.offset) * bytes);
  });
}

void CpuBackend::WriteIndexKeys(const WriteIndexKeysParams& p) {
  const CacheLayout& layout = p.cache.layout;
  const int64_t page_bytes = layout.IndexKeyBytes() * kPageTokens;
  // Rows of one page write to the same cache lines, so this stays on one thread.
  for (int64_t row = 0; row < p.rows.count; ++row) {
    const Slot slot = SlotOf(p.rows, row);
    kernels_.write_index_key(p.keys.row<float>(row), layout.index_dim,
                             static_cast<uint8_t>(layout.type), slot.offset,
                             p.cache.index_keys + slot.page * page_bytes);
  }
}

void CpuBackend::IndexScores(const IndexScoresParams& p) {
  // Pages of a piece: 1,024 keys are some ten microseconds of work at four heads.
  constexpr int64_t kPiecePages = 16;
  index_pieces_.clear();
  for (int64_t row = p.begin; row < p.end;) {
    if (p.rows.positions[row] < p.topk) {
      ++row;
      continue;
    }
    int64_t end = row + 1;
    while (end < p.end && end - row < kIndexRows &&
           p.rows.sequences[end] == p.rows.sequences[row]) {
      ++end;
    }
    const int64_t pages = p.rows.positions[end - 1] / kPageTokens + 1;
    for (int64_t page = 0; page < pages; page += kPiecePages) {
      index_pieces_.push_back({row, end - row, page, std::min(pages, page + kPiecePages)});
    }
    for (; row < end; ++row) counters_.index_keys_read += p.rows.positions[row] + 1;
  }
  NeedScratch(IndexScoresScratch(p.cache.layout.index_dim));
  pool_.Run(static_cast<int64_t>(index_pieces_.size()), [&](int64_t item, int worker) {
    const IndexPiece& piece = index_pieces_[static_cast<size_t>(item)];
    const float* query[kIndexRows];
    const float* weights[kIndexRows];
    float* scores[kIndexRows];
    for (int64_t i = 0; i < piece.rows; ++i) {
      query[i] = p.query.row<float>(piece.row + i);
      weights[i] = p.weights.row<float>(piece.row + i);
      scores[i] = p.scores.row<float>(piece.row + i - p.begin);
    }
    IndexScoresTask task = {};
    task.query = query;
    task.weights = weights;
    task.weight_scale = p.weight_scale;
    task.rows = piece.rows;
    task.heads = p.heads;
    task.cache = CacheOf(p.cache, p.rows, piece.row);
    task.page_begin = piece.page_begin;
    task.page_end = piece.page_end;
    task.scores = scores;
    task.scratch = Scratch(worker);
    kernels_.index_scores(task);
  });
}

void CpuBackend::TopK(const TopKParams& p) {
  NeedScratch(kTopKScratch);
  pool_.Run(p.end - p.begin, [&](int64_t item, int worker) {
    const int64_t row = p.begin + item;
    const int64_t held = p.rows.positions[row] + 1;
    int32_t* selected = p.selected + row * p.topk;
    p.counts[row] = static_cast<int32_t>(std::min(held, p.topk));
    if (held <= p.topk) {
      std::iota(selected, selected + held, 0);
      std::fill(selected + held, selected + p.topk, -1);
      return;
    }
    kernels_.top_k({p.scores.row<float>(item), held, p.topk, selected,
                    reinterpret_cast<uint32_t*>(Scratch(worker))});
  });
}

void CpuBackend::AbsorbQueries(const AbsorbQueriesParams& p) {
  const int64_t latent = p.kv_b.cols, rows = p.q.rows;
  // Enough columns a piece that the rows' pointers are worth setting up.
  const int64_t columns = std::min<int64_t>(CeilDiv(latent, kAbsorbColumns) * kAbsorbColumns,
                                            rows > 8 ? 2 * kAbsorbColumns : 4 * kAbsorbColumns);
  const int64_t pieces = CeilDiv(latent, columns);
  NeedScratch(kAbsorbScratch);
  FATHOM_CHECK(p.nope <= kAbsorbDepth, "qk_nope_head_dim {}", p.nope);
  pool_.Run(p.heads * pieces, [&](int64_t item, int worker) {
    const int64_t head = item / pieces;
    const Range range = Piece(latent, columns, item % pieces);
    Worker& own = WorkerOf(worker);
    own.inputs.resize(static_cast<size_t>(rows));
    own.outputs.resize(static_cast<size_t>(rows));
    for (int64_t r = 0; r < rows; ++r) {
      own.inputs[static_cast<size_t>(r)] = p.q.row<float>(r) + head * (p.nope + p.rope);
      own.outputs[static_cast<size_t>(r)] = p.out.row<float>(r) + head * latent;
    }
    LinearTask weights = {};
    SetWeights(p.kv_b, &weights);
    AbsorbTask task = {};
    task.q = own.inputs.data();
    task.out = own.outputs.data();
    task.rows = rows;
    task.depth = p.nope;
    task.w = weights.w;
    task.cols = latent;
    task.first_row = head * (p.nope + p.value);
    task.packed = weights.packed;
    task.scales = weights.scales;
    task.scales_e8m0 = weights.scales_e8m0;
    task.n_begin = range.begin;
    task.n_end = range.end;
    task.scratch = Scratch(worker);
    kernels_.absorb(task);
  });
}

void CpuBackend::SparseMla(const SparseMlaParams& p) {
  const auto rows = static_cast<int64_t>(p.which.size());
  int64_t parts = 1;  // of the longest selection
  for (const int32_t row : p.which) parts = std::max(parts, CeilDiv(p.counts[row], kSparsePart));
  CountAttention(p.rows, p.which, p.counts, false);
  NeedScratch(SparseMlaScratch(p.cache.layout.latent_dim, p.cache.layout.rope_dim));
  // So many rows at a time that their parts stay in the processor's caches until they are merged.
  constexpr int64_t kPartFloats = int64_t{1} << 18;
  const int64_t row_floats = parts * p.heads * (p.cache.layout.latent_dim + kPartState);
  const int64_t together = parts == 1 ? rows : std::max<int64_t>(1, kPartFloats / row_floats);
  for (int64_t begin = 0; begin < rows; begin += together) {
    SparseRows(p, {begin, std::min(begin + together, rows)}, parts);
  }
}

// Rows which[range] of SparseMla. A selection of more than kSparsePart positions is cut there, so
// that the threads share one token's reading; its parts are merged in order.
void CpuBackend::SparseRows(const SparseMlaParams& p, const Range& range, int64_t parts) {
  const CacheLayout& layout = p.cache.layout;
  const int64_t group = HeadsTogether(range.size() * parts, p.heads, pool_.threads());
  const int64_t groups = CeilDiv(p.heads, group);
  const int64_t part_floats = layout.latent_dim + kPartState;
  if (parts > 1)
    attention_parts_.resize(static_cast<size_t>(range.size() * p.heads * parts * part_floats));
  // Of one head of a row: its parts, one after the other.
  const auto parts_of = [&](int64_t i, int64_t head) {
    return attention_parts_.data() + (i * p.heads + head) * parts * part_floats;
  };
  pool_.Run(range.size() * parts * groups, [&](int64_t item, int worker) {
    const int64_t i = item / (parts * groups), part = item / groups % parts;
    const int64_t row = p.which[static_cast<size_t>(range.begin + i)];
    const Range heads = Piece(p.heads, group, item % groups);
    const Range positions = {std::min<int64_t>(part * kSparsePart, p.counts[row]),
                             std::min<int64_t>((part + 1) * kSparsePart, p.counts[row])};
    if (part > 0 && positions.size() == 0) return;
    SparseMlaTask task = {};
    task.query_latent = p.query_latent.row<float>(row) + heads.begin * layout.latent_dim;
    task.latent_stride = layout.latent_dim;
    task.query_rope = p.q.row<float>(row) + heads.begin * (p.nope + p.rope) + p.nope;
    task.rope_stride = p.nope + p.rope;
    task.heads = heads.size();
    task.cache = CacheOf(p.cache, p.rows, row);
    task.positions = p.selected + row * p.topk + positions.begin;
    task.count = positions.size();
    task.scale = p.scale;
    if (p.counts[row] <= kSparsePart) {
      task.out = p.out.row<float>(row) + heads.begin * layout.latent_dim;
      task.out_stride = layout.latent_dim;
    } else {
      task.out = parts_of(i, heads.begin) + part * part_floats;
      task.state = task.out + layout.latent_dim;
      task.out_stride = task.state_stride = parts * part_floats;
    }
    task.scratch = Scratch(worker);
    kernels_.sparse_mla(task);
  });
  if (parts == 1) return;
  pool_.Run(range.size() * p.heads, [&](int64_t item, int) {
    const int64_t i = item / p.heads, head = item % p.heads;
    const int64_t row = p.which[static_cast<size_t>(range.begin + i)];
    if (p.counts[row] <= kSparsePart) return;
    kernels_.merge_parts({parts_of(i, head), part_floats, CeilDiv(p.counts[row], kSparsePart),
                          layout.latent_dim, p.out.row<float>(row) + head * layout.latent_dim});
  });
}

void CpuBackend::ProjectValues(const ProjectValuesParams& p) {
  const int64_t latent = p.kv_b.cols;
  const auto rows = static_cast<int64_t>(p.which.size());
  const int64_t grain = std::min<int64_t>(p.value, 64);
  const int64_t pieces = CeilDiv(p.value, grain);
  NeedScratch(kLinearScratch);
  pool_.Run(p.heads * pieces, [&](int64_t item, int worker) {
    const int64_t head = item / pieces;
    const Range range = Piece(p.value, grain, item % pieces);
    Worker& own = WorkerOf(worker);
    own.inputs.resize(p.which.size());
    own.outputs.resize(p.which.size());
    for (size_t i = 0; i < p.which.size(); ++i) {
      own.inputs[i] = p.x.row<float>(p.which[i]) + head * latent;
      own.outputs[i] = p.out.row<float>(p.which[i]) + head * p.value;
    }
    const int64_t first = head * (p.nope + p.value) + p.nope;
    LinearPiece(p.kv_b,
                {own.inputs.data(), nullptr, own.outputs.data(), rows, first + range.begin,
                 first + range.end, first},
                worker);
  });
}

void CpuBackend::DenseMla(const DenseMlaParams& p) {
  const CacheLayout& layout = p.cache.layout;
  const auto rows = static_cast<int64_t>(p.which.size());
  for (const int32_t row : p.which) {
    FATHOM_CHECK(p.counts[row] == p.rows.positions[row] + 1, "a selection of {} keys of {}",
                 p.counts[row], p.rows.positions[row] + 1);
  }
  const std::vector<Range> runs = SequenceRuns(p.rows, p.which);
  CountAttention(p.rows, p.which, nullptr, true);
  state_.resize(static_cast<size_t>(rows * p.heads * 2));
  NeedScratch(DenseMlaScratch(layout.latent_dim, layout.rope_dim, p.nope, p.value));
  pool_.Run(static_cast<int64_t>(runs.size()) * p.heads, [&](int64_t item, int worker) {
    const Range run = runs[static_cast<size_t>(item / p.heads)];
    const int64_t head = item % p.heads;
    Worker& own = WorkerOf(worker);
    own.inputs.resize(static_cast<size_t>(run.size()));
    own.outputs.resize(static_cast<size_t>(run.size()));
    std::vector<int32_t> positions(static_cast<size_t>(run.size()));
    for (int64_t i = 0; i < run.size(); ++i) {
      const int32_t row = p.which[static_cast<size_t>(run.begin + i)];
      own.inputs[static_cast<size_t>(i)] = p.q.row<float>(row) + head * (p.nope + p.rope);
      own.outputs[static_cast<size_t>(i)] = p.out.row<float>(row) + head * p.value;
      positions[static_cast<size_t>(i)] = p.rows.positions[row];
    }
    LinearTask weights = {};
    SetWeights(p.kv_b, &weights);
    DenseMlaTask task = {};
    task.q = own.inputs.data();
    task.out = own.outputs.data();
    task.positions = positions.data();
    task.rows = run.size();
    task.cache = CacheOf(p.cache, p.rows, p.which[static_cast<size_t>(run.begin)]);
    task.nope = p.nope;
    task.value = p.value;
    task.kv_b = weights.w;
    task.first_row = head * (p.nope + p.value);
    task.packed = weights.packed;
    task.scales = weights.scales;
    task.scales_e8m0 = weights.scales_e8m0;
    task.scale = p.scale;
    task.state = state_.data() + (run.begin * p.heads + head * run.size()) * 2;
    task.scratch = Scratch(worker);
    kernels_.dense_mla(task);
  });
}

}  // namespace fathom
