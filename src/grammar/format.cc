#include "grammar/format.h"

#include <array>
#include <iterator>
#include <mutex>

#include "base/check.h"
#include "grammar/budget.h"
#include "grammar/pattern.h"

namespace fathom::grammar {
namespace {

struct Format {
  std::string_view name;
  const char* pattern;
};

// Years of four digits that don't begin with 0 (Python knows no year 0), February to the 28th, or
// to the 29th where the year has it. No leap seconds.
#define FATHOM_DATE                                                                               \
  "(?:[1-9]\\d{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|"        \
  "[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))|(?:[1-9]\\d(?:0[48]|[2468][048]|[13579][26])|(?:1[26]|" \
  "[2468][048]|[3579][26])00)-02-29)"
// A time zone is needed; six digits are a microsecond.
#define FATHOM_CLOCK "(?:[01]\\d|2[0-3]):[0-5]\\d"
#define FATHOM_TIME FATHOM_CLOCK ":[0-5]\\d(?:\\.\\d{1,6})?(?:Z|[+-]" FATHOM_CLOCK ")"
// RFC 3339, appendix A: units follow one another without a gap.
#define FATHOM_COUNT "\\d{1,6}"
#define FATHOM_DAYS FATHOM_COUNT "D"
#define FATHOM_MONTHS FATHOM_COUNT "M(?:" FATHOM_DAYS ")?"
#define FATHOM_YEARS FATHOM_COUNT "Y(?:" FATHOM_MONTHS ")?"
#define FATHOM_SECONDS FATHOM_COUNT "S"
#define FATHOM_MINUTES FATHOM_COUNT "M(?:" FATHOM_SECONDS ")?"
#define FATHOM_HOURS FATHOM_COUNT "H(?:" FATHOM_MINUTES ")?"
#define FATHOM_DURATION_TIME "T(?:" FATHOM_HOURS "|" FATHOM_MINUTES "|" FATHOM_SECONDS ")"
// At most 62 characters, no two dashes together (they mark other alphabets).
#define FATHOM_LABEL "[A-Za-z0-9]{1,20}(?:-[A-Za-z0-9]{1,20}){0,2}"
#define FATHOM_TOP_LABEL "[A-Za-z]{2,20}"
#define FATHOM_DOMAIN "(?:" FATHOM_LABEL "\\.){1,3}" FATHOM_TOP_LABEL
#define FATHOM_EMAIL "[A-Za-z0-9_+-]{1,30}(?:\\.[A-Za-z0-9_+-]{1,30})?@" FATHOM_DOMAIN
#define FATHOM_OCTET "(?:\\d|[1-9]\\d|1\\d\\d|2[0-4]\\d|25[0-5])"
#define FATHOM_IPV4 "(?:" FATHOM_OCTET "\\.){3}" FATHOM_OCTET
#define FATHOM_H "[0-9A-Fa-f]{1,4}"
#define FATHOM_IPV6                                                                              \
  "(?:(?:" FATHOM_H ":){7}" FATHOM_H "|(?:" FATHOM_H ":){1,7}:|(?:" FATHOM_H ":){1,6}:" FATHOM_H \
  "|(?:" FATHOM_H ":){1,5}(?::" FATHOM_H "){2}|(?:" FATHOM_H ":){1,4}(?::" FATHOM_H              \
  "){3}|(?:" FATHOM_H ":){1,3}(?::" FATHOM_H "){4}|(?:" FATHOM_H ":){1,2}(?::" FATHOM_H          \
  "){5}|" FATHOM_H ":(?::" FATHOM_H "){6}|::(?:" FATHOM_H "(?::" FATHOM_H "){0,6})?)"
#define FATHOM_URI_CHARACTER "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
#define FATHOM_URI_TAIL                                           \
  "(?:/" FATHOM_URI_CHARACTER "*)*(?:\\?(?:" FATHOM_URI_CHARACTER \
  "|[/?])*)?(?:#(?:" FATHOM_URI_CHARACTER "|[/?])*)?"
#define FATHOM_AUTHORITY "(?:" FATHOM_DOMAIN "|localhost|" FATHOM_IPV4 ")(?::[1-9]\\d{0,3})?"
#define FATHOM_URL "(?:https?|ftp)://" FATHOM_AUTHORITY FATHOM_URI_TAIL
#define FATHOM_URI                                                                 \
  "(?:" FATHOM_URL "|(?:wss?|file|git|ssh|s3)://" FATHOM_AUTHORITY FATHOM_URI_TAIL \
  "|mailto:" FATHOM_EMAIL "|urn:[a-z][a-z0-9]{1,30}:" FATHOM_URI_CHARACTER "+)"
#define FATHOM_POINTER "(?:/(?:[^~/]|~[01])*)*"
#define FATHOM_UUID \
  "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[1-8][0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}"

constexpr Format kFormats[] = {
    {"date", "^" FATHOM_DATE "$"},
    {"time", "^" FATHOM_TIME "$"},
    {"date-time", "^" FATHOM_DATE "T" FATHOM_TIME "$"},
    {"duration", "^P(?:(?:" FATHOM_YEARS "|" FATHOM_MONTHS "|" FATHOM_DAYS
                 ")(?:" FATHOM_DURATION_TIME ")?|" FATHOM_DURATION_TIME "|" FATHOM_COUNT "W)$"},
    {"email", "^" FATHOM_EMAIL "$"},
    {"idn-email", "^" FATHOM_EMAIL "$"},
    {"hostname", "^(?:" FATHOM_DOMAIN "|localhost)$"},
    {"idn-hostname", "^(?:" FATHOM_DOMAIN "|localhost)$"},
    {"ipv4", "^" FATHOM_IPV4 "$"},
    {"ipv6", "^" FATHOM_IPV6 "$"},
    {"ipvanyaddress", "^(?:" FATHOM_IPV4 "|" FATHOM_IPV6 ")$"},
    {"uri", "^" FATHOM_URI "$"},
    {"iri", "^" FATHOM_URI "$"},
    {"url", "^" FATHOM_URL "$"},
    {"uri-reference", "^(?:" FATHOM_URI "|/" FATHOM_URI_CHARACTER "+" FATHOM_URI_TAIL ")$"},
    {"iri-reference", "^(?:" FATHOM_URI "|/" FATHOM_URI_CHARACTER "+" FATHOM_URI_TAIL ")$"},
    {"uuid", "^" FATHOM_UUID "$"},
    {"uuid1",
     "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-1[0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}$"},
    {"uuid3",
     "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-3[0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}$"},
    {"uuid4",
     "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-4[0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}$"},
    {"uuid5",
     "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-5[0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}$"},
    {"json-pointer", "^" FATHOM_POINTER "$"},
    {"relative-json-pointer", "^(?:0|[1-9]\\d{0,8})(?:#|" FATHOM_POINTER ")$"},
    {"byte",
     "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$"},
    {"base64",
     "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$"},
    {"base64url",
     "^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?$"},
    // They say what a text is for, and nothing about its form.
    {"password", ""},
    {"binary", ""},
    {"path", ""},
};

struct MadeFormat {
  std::once_flag once;
  CodeDfa texts;
  ByteDfa raw, json;
};

std::array<MadeFormat, std::size(kFormats)>& MadeFormats() {
  static std::array<MadeFormat, std::size(kFormats)> made;
  return made;
}

void Make(const Format& format, MadeFormat* made) {
  // Our own patterns: no limit is met.
  Budget budget(GrammarLimits{.seconds = 1e9});
  Result<CodeDfa> texts = PatternDfa(format.pattern, budget);
  FATHOM_CHECK(texts.ok(), "format {}: {}", format.name, texts.status().message());
  made->texts = *std::move(texts);
  Result<ByteDfa> raw = WriteTexts(made->texts, StringForm::kRaw, budget);
  Result<ByteDfa> json = WriteTexts(made->texts, StringForm::kJson, budget);
  made->raw = std::move(raw).value();
  made->json = std::move(json).value();
}

}  // namespace

const CodeDfa* FindFormat(std::string_view name) {
  for (size_t i = 0; i < std::size(kFormats); ++i) {
    if (kFormats[i].name != name) continue;
    MadeFormat& made = MadeFormats()[i];
    std::call_once(made.once, Make, kFormats[i], &made);
    return &made.texts;
  }
  return nullptr;
}

const ByteDfa* WrittenFormat(const CodeDfa* format, StringForm form) {
  for (const MadeFormat& made : MadeFormats()) {
    if (&made.texts == format) return form == StringForm::kRaw ? &made.raw : &made.json;
  }
  return nullptr;
}

}  // namespace fathom::grammar
