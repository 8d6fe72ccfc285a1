#include "api/prices.h"

#include "base/mapped_file.h"
#include "json/field_reader.h"
#include "json/parse.h"

namespace fathom::api {

Result<Prices> Prices::FromJson(std::string_view text) {
  FATHOM_ASSIGN_OR_RETURN(const json::Value value, json::Parse(text));
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(value, "price file"));
  const json::FieldReader fields(*object, "");
  Prices prices;
  FATHOM_ASSIGN_OR_RETURN(prices.currency, fields.StringOr("currency", "USD"));
  FATHOM_ASSIGN_OR_RETURN(const json::Object* rates, fields.Obj("per_million"));
  const json::FieldReader rate(*rates, "per_million");
  FATHOM_ASSIGN_OR_RETURN(prices.cache_hit, rate.Number("cache_hit", 0));
  FATHOM_ASSIGN_OR_RETURN(prices.cache_miss, rate.Number("cache_miss", 0));
  FATHOM_ASSIGN_OR_RETURN(prices.output, rate.Number("output", 0));
  return prices;
}

Result<Prices> Prices::Load(const std::string& path) {
  FATHOM_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::Open(path));
  Result<Prices> prices = FromJson(file.text());
  if (!prices.ok()) return prices.status().At(path);
  return prices;
}

json::Value PricesToJson(const Prices& prices) {
  return json::Object{{"currency", prices.currency},
                      {"per_million", json::Object{{"cache_hit", prices.cache_hit},
                                                   {"cache_miss", prices.cache_miss},
                                                   {"output", prices.output}}}};
}

}  // namespace fathom::api
