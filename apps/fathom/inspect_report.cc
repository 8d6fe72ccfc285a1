#include "inspect_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/number_text.h"

namespace fathom {
namespace {

constexpr std::array<int64_t, 3> kContexts = {4096, 32768, 131072};
constexpr std::array<CacheType, 3> kCacheTypes = {CacheType::kF32, CacheType::kBF16,
                                                  CacheType::kFP8};

CacheLayout LayoutOf(const ModelConfig& config, CacheType type) {
  return {type, static_cast<int>(config.kv_lora_rank), static_cast<int>(config.qk_rope_head_dim),
          static_cast<int>(config.index_head_dim)};
}

// Collects "  label            value" lines below headings.
class Lines {
 public:
  void Heading(std::string_view title) { text_ += fmt::format("\n{}\n", title); }
  template <typename... Args>
  void Add(std::string_view label, fmt::format_string<Args...> format, Args&&... args) {
    text_ += fmt::format("  {:<18}{}\n", label, fmt::format(format, std::forward<Args>(args)...));
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string LayersText(const InspectReport& report) {
  const ModelConfig& c = report.config;
  const int64_t dense = c.first_k_dense_replace, experts = c.num_hidden_layers - dense;
  return fmt::format("{}: {} dense, {} with experts{}", c.num_hidden_layers, dense, experts,
                     report.has_mtp ? "; and 1 MTP layer" : "");
}

std::string RopeText(const RopeConfig& rope) {
  if (rope.factor == 1) return fmt::format("theta {}, no scaling", rope.theta);
  return fmt::format("theta {}, YaRN {} × {}, beta {} to {}, mscale {} / {}", rope.theta,
                     rope.factor, FormatCount(rope.original_max_position_embeddings),
                     rope.beta_fast, rope.beta_slow, rope.mscale, rope.mscale_all_dim);
}

std::string IdsText(const std::vector<int64_t>& ids) {
  std::string text;
  for (const int64_t id : ids) text += fmt::format("{}{}", text.empty() ? "" : ", ", id);
  return text.empty() ? "none" : text;
}

void AddModel(const InspectReport& report, Lines* lines) {
  const ModelConfig& c = report.config;
  lines->Heading("Model");
  lines->Add("type", "{}", kModelType);
  lines->Add("layers", "{}", LayersText(report));
  lines->Add("hidden size", "{}", c.hidden_size);
  lines->Add("vocabulary", "{}", FormatCount(c.vocab_size));
  lines->Add("longest context", "{} tokens", FormatCount(c.max_position_embeddings));
  lines->Add("rotary embedding", "{}", RopeText(c.rope));
  lines->Add("norm epsilon", "{}", c.rms_norm_eps);
  lines->Add("tokens", "begin {}, end {}",
             c.bos_token_id ? fmt::format("{}", *c.bos_token_id) : "none",
             IdsText(c.eos_token_ids));
  if (c.quantization) {
    lines->Add("quantisation", "weights e4m3 in 128×128 tiles, activations 1×128, {} scales",
               c.quantization->scale_format == ScaleFormat::kUE8M0 ? "ue8m0" : "plain");
  } else {
    lines->Add("quantisation", "none");
  }
  if (report.generation) {
    const GenerationConfig& g = *report.generation;
    lines->Add("sampling", "{}",
               g.do_sample ? fmt::format("temperature {}, top_p {}{}", g.temperature, g.top_p,
                                         g.top_k > 0 ? fmt::format(", top_k {}", g.top_k) : "")
                           : "greedy");
  }
}

void AddAttention(const ModelConfig& c, Lines* lines) {
  lines->Heading("Attention");
  lines->Add("heads", "{} × ({} + {} rotary), values {}", c.num_attention_heads, c.qk_nope_head_dim,
             c.qk_rope_head_dim, c.v_head_dim);
  lines->Add("query rank", "{}", c.q_lora_rank);
  lines->Add("latent", "{} + {} rotary", c.kv_lora_rank, c.qk_rope_head_dim);
  lines->Add("indexer", "{} heads × {}, selects {} positions{}", c.index_n_heads, c.index_head_dim,
             FormatCount(c.index_topk), c.indexer_rope_interleave ? ", interleaved rotary" : "");
}

void AddFeedForward(const ModelConfig& c, Lines* lines) {
  lines->Heading("Feed-forward");
  if (c.first_k_dense_replace > 0) lines->Add("dense", "{}", c.intermediate_size);
  if (c.first_k_dense_replace == c.num_hidden_layers) return;
  lines->Add("routed experts", "{} × {}; {} a token, out of {} of {} groups", c.n_routed_experts,
             c.moe_intermediate_size, c.num_experts_per_tok, c.topk_group, c.n_group);
  lines->Add("expert weights", "{}× {}", c.norm_topk_prob ? "normalised, " : "",
             c.routed_scaling_factor);
  lines->Add("shared experts", "{} × {}", c.n_shared_experts, c.moe_intermediate_size);
}

std::string InventoryText(const InspectReport& report) {
  const Inventory inventory = SumByKind(report.tensors);
  std::string text =
      fmt::format("\n{:<20}{:>10}{:>20}{:>13}\n", report.stored ? "Tensors" : "Tensors, published",
                  "number", "elements", "size");
  const auto add = [&](const InventoryRow& row) {
    text += fmt::format("  {:<18}{:>10}{:>20}{:>13}\n", row.kind, FormatCount(row.tensors),
                        FormatCount(row.elements), FormatBytes(row.bytes));
  };
  for (const InventoryRow& row : inventory.rows) add(row);
  add(inventory.total);
  return text;
}

std::string MemoryText(const InspectReport& report) {
  const int64_t weights = SumByKind(report.tensors).total.bytes;
  std::string text = fmt::format("\n{:<20}", "Memory, one sequence");
  for (const int64_t tokens : kContexts) {
    text += fmt::format("{:>18}", FormatCount(tokens) + " tokens");
  }
  text += '\n';
  for (const CacheType type : kCacheTypes) {
    const CacheLayout layout = LayoutOf(report.config, type);
    if (const Status impossible = layout.Validate(); !impossible.ok()) {
      text += fmt::format("  {}\n", impossible.message());
      continue;
    }
    std::string cache = fmt::format("  {:<18}", fmt::format("cache {}", Name(type)));
    std::string total = fmt::format("  {:<18}", "  with weights");
    for (const int64_t tokens : kContexts) {
      const int64_t bytes = CacheBytes(report, layout, tokens);
      cache += fmt::format("{:>18}", FormatBytes(bytes));
      total += fmt::format("{:>18}", FormatBytes(bytes + weights));
    }
    text += cache + '\n' + total + '\n';
  }
  return text;
}

json::Object RowJson(const InventoryRow& row) {
  return {{"kind", row.kind},
          {"tensors", row.tensors},
          {"elements", row.elements},
          {"bytes", row.bytes}};
}

json::Array MemoryJson(const InspectReport& report) {
  const int64_t weights = SumByKind(report.tensors).total.bytes;
  json::Array memory;
  for (const CacheType type : kCacheTypes) {
    const CacheLayout layout = LayoutOf(report.config, type);
    if (!layout.Validate().ok()) continue;
    for (const int64_t tokens : kContexts) {
      const int64_t cache = CacheBytes(report, layout, tokens);
      memory.push_back(json::Object{{"cache_type", Name(type)},
                                    {"tokens", tokens},
                                    {"cache_bytes", cache},
                                    {"total_bytes", cache + weights}});
    }
  }
  return memory;
}

json::Object TensorJson(const ListedTensor& tensor) {
  json::Array shape;
  for (int i = 0; i < tensor.shape.rank(); ++i) shape.emplace_back(tensor.shape[i]);
  return {{"name", tensor.name},
          {"kind", Name(tensor.kind)},
          {"dtype", Name(tensor.dtype)},
          {"shape", std::move(shape)},
          {"bytes", tensor.bytes()}};
}

}  // namespace

int64_t CacheBytes(const InspectReport& report, const CacheLayout& layout, int64_t tokens) {
  const int64_t pages = (tokens + kPageTokens - 1) / kPageTokens;
  const int64_t layers = report.config.num_hidden_layers + (report.has_mtp ? 1 : 0);
  return pages * kPageTokens * layers * layout.TokenBytes();
}

std::string ReportText(const InspectReport& report) {
  Lines lines;
  AddModel(report, &lines);
  AddAttention(report.config, &lines);
  AddFeedForward(report.config, &lines);
  return report.path + "\n" + lines.Take() + InventoryText(report) + MemoryText(report);
}

std::string TensorTableText(const InspectReport& report) {
  size_t longest = 0;
  for (const ListedTensor& tensor : report.tensors) longest = std::max(longest, tensor.name.size());
  std::string text;
  for (const ListedTensor& tensor : report.tensors) {
    text += fmt::format("{:<{}}  {:<8}{:<18}{:>10}\n", tensor.name, longest, Name(tensor.dtype),
                        tensor.shape.ToString(), FormatBytes(tensor.bytes()));
  }
  return text;
}

json::Object ReportJson(const InspectReport& report, bool with_tensors) {
  const Inventory inventory = SumByKind(report.tensors);
  json::Array rows;
  for (const InventoryRow& row : inventory.rows) rows.emplace_back(RowJson(row));
  json::Object out = {{"path", report.path},
                      {"config", WriteModelConfig(report.config)},
                      {"has_mtp", report.has_mtp},
                      {"inventory", std::move(rows)},
                      {"total", RowJson(inventory.total)},
                      {"memory", MemoryJson(report)}};
  if (with_tensors) {
    json::Array tensors;
    for (const ListedTensor& tensor : report.tensors) tensors.emplace_back(TensorJson(tensor));
    out.Set("tensors", std::move(tensors));
  }
  return out;
}

}  // namespace fathom
