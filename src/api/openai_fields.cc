#include "api/openai_fields.h"

#include "json/field_reader.h"

namespace fathom::api {

Result<CommonFields> ReadCommonFields(const json::Object& request) {
  const json::FieldReader fields(request, "");
  CommonFields out;
  FATHOM_ASSIGN_OR_RETURN(out.model, ShortString(request, "model", kMaxModelNameBytes));
  FATHOM_ASSIGN_OR_RETURN(out.choices, fields.IntOr("n", 1, 1, kMaxChoices));
  FATHOM_ASSIGN_OR_RETURN(out.stream, fields.BoolOr("stream", false));
  const json::Value* options = request.Find("stream_options");
  if (options != nullptr && !options->is_null()) {
    FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(*options, "stream_options"));
    FATHOM_ASSIGN_OR_RETURN(
        const bool usage,
        json::FieldReader(*object, "stream_options").BoolOr("include_usage", false));
    out.stream_usage = usage && out.stream;
  }
  FATHOM_ASSIGN_OR_RETURN(out.user, ShortString(request, "user", kMaxUserBytes));
  FATHOM_ASSIGN_OR_RETURN(std::string newer,
                          ShortString(request, "safety_identifier", kMaxUserBytes));
  if (!newer.empty()) out.user = std::move(newer);
  return out;
}

}  // namespace fathom::api
