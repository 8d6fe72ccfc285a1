#include "bench/profile_svg.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"

namespace fathom {
namespace {

constexpr int kWidth = 920, kMargin = 24, kBarLeft = 276, kBarRoom = 304, kRowHeight = 22;
constexpr double kShownShare = 0.01;  // smaller rows become one

// Colours that keep their contrast on white and on black pages come from two sets.
constexpr const char* kStyle = R"(<style>
.page { fill: #ffffff } .text { fill: #223344 } .quiet { fill: #667788 } .bar { fill: #1f78b4 }
.rest { fill: #a9b6c2 }
@media (prefers-color-scheme: dark) {
.page { fill: #14191f } .text { fill: #dde6ee } .quiet { fill: #93a3b3 } .bar { fill: #4ea3dd }
.rest { fill: #5b6b7a }
}
</style>
)";

class Drawing {
 public:
  void Text(int x, const char* style, const std::string& text, const char* more = "") {
    body_ += fmt::format("<text x=\"{}\" y=\"{}\" class=\"{}\"{}>{}</text>\n", x, y_ + 15, style,
                         more, XmlText(text));
  }
  void Bar(const char* style, double share) {
    body_ += fmt::format(
        "<rect x=\"{}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\" rx=\"2\" class=\"{}\"/>\n",
        kBarLeft, y_ + 3, std::clamp(share, 0.0, 1.0) * kBarRoom, kRowHeight - 6, style);
  }
  void Down(int pixels) { y_ += pixels; }

  std::string Finish(const std::string& title) const {
    const int height = y_ + kMargin;
    std::string svg = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"Helvetica, "
        "Arial, sans-serif\" font-size=\"13\">\n<title>{}</title>\n",
        kWidth, height, XmlText(title));
    svg += kStyle;
    svg += fmt::format("<rect width=\"{}\" height=\"{}\" class=\"page\"/>\n", kWidth, height);
    return svg + body_ + "</svg>\n";
  }

 private:
  int y_ = kMargin - 12;
  std::string body_;
};

void DrawRow(Drawing* drawing, const std::string& name, double share, double micros_per_token,
             const std::string& limit, bool is_rest) {
  drawing->Text(kBarLeft - 10, "text", name, " text-anchor=\"end\"");
  drawing->Bar(is_rest ? "rest" : "bar", share);
  drawing->Text(kBarLeft + kBarRoom + 10, "text", fmt::format("{:.1f} %", 100 * share));
  drawing->Text(kBarLeft + kBarRoom + 70, "quiet",
                fmt::format("{:.1f} µs/token", micros_per_token));
  drawing->Text(kBarLeft + kBarRoom + 190, "quiet", limit);
  drawing->Down(kRowHeight);
}

void DrawProfile(Drawing* drawing, const Profile& profile, const ProfileLimits& limits) {
  const BenchPoint& point = profile.point;
  const double per_token = 1e6 / static_cast<double>(profile.tokens());
  drawing->Down(16);
  drawing->Text(kMargin, "text",
                fmt::format("{}: {} tokens on top of {}, {:.0f} µs a token", Name(point.phase),
                            point.tokens, point.depth, profile.seconds * per_token),
                " font-size=\"15\" font-weight=\"bold\"");
  drawing->Down(28);
  double rest = 0;
  for (const OperationTotals& row : profile.rows) {
    const double share = row.seconds / profile.seconds;
    if (share < kShownShare || &row == &profile.rows.back()) {
      rest += row.seconds;
      continue;
    }
    const LimitShare limit = NearestLimit(row, limits);
    DrawRow(drawing, row.name, share, row.seconds * per_token,
            limit.of.empty() ? "" : fmt::format("{:.0f} % of {}", 100 * limit.share, limit.of),
            false);
  }
  DrawRow(drawing, "all others", rest / profile.seconds, rest * per_token, "", true);
}

}  // namespace

std::string XmlText(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Utf8Char c = DecodeUtf8(text);
    text.remove_prefix(static_cast<size_t>(c.length));
    switch (c.code_point) {
      case U'&':
        out += "&amp;";
        break;
      case U'<':
        out += "&lt;";
        break;
      case U'>':
        out += "&gt;";
        break;
      case U'"':
        out += "&quot;";
        break;
      case U'\'':
        out += "&apos;";
        break;
      default:
        // XML has no way to write other control characters and these two.
        const bool writable =
            c.code_point >= 0x20 && c.code_point != 0xFFFE && c.code_point != 0xFFFF;
        AppendUtf8(writable ? c.code_point : U'\uFFFD', &out);
    }
  }
  return out;
}

std::string ProfileSvg(const BenchReport& report) {
  Drawing drawing;
  const BenchSetting& setting = report.setting;
  const int64_t threads = report.profiles.front().point.threads;
  const std::string title = fmt::format("Where the time of {} goes", setting.model);
  drawing.Text(kMargin, "text", title, " font-size=\"18\" font-weight=\"bold\"");
  drawing.Down(26);
  drawing.Text(
      kMargin, "quiet",
      fmt::format("{}, {}, {} thread{}; numerics {}, cache {}", setting.processor, setting.isa,
                  threads, threads == 1 ? "" : "s", setting.numerics, setting.cache_type));
  drawing.Down(18);
  drawing.Text(kMargin, "quiet", LimitsText(*report.limits, static_cast<int>(threads)));
  drawing.Down(18);
  for (const Profile& profile : report.profiles) DrawProfile(&drawing, profile, *report.limits);
  return drawing.Finish(title);
}

}  // namespace fathom
