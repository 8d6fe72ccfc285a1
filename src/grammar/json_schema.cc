#include "grammar/json_schema.h"

#include <algorithm>
#include <utility>

#include "grammar/budget.h"
#include "grammar/common_forms.h"
#include "grammar/schema_document.h"
#include "grammar/schema_writer.h"
#include "grammar/string_form.h"

namespace fathom::grammar {
namespace {

// What a name must not hold: it stands in quotes inside a tag.
bool CanBeName(std::string_view name) {
  return !name.empty() && std::ranges::none_of(name, [](char c) {
    return c == '"' || c == '<' || c == '>' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
}

Result<CodeDfa> AllNames(Budget& budget) {
  CodeDfa names;
  const CodeSet outside =
      MakeCodeSet({{0, 0x1F}, {'"', '"'}, {'<', '<'}, {'>', '>'}, {0x7F, 0x9F}});
  std::vector<std::vector<int32_t>> members;
  names.classes = MakeClasses({Complement(outside)}, &members);
  names.accepting = {0, 1};
  names.next.assign(static_cast<size_t>(names.classes.count) * 2, -1);
  for (const int32_t inside : members[0]) {
    names.next[static_cast<size_t>(inside)] = 1;
    names.next[static_cast<size_t>(names.classes.count + inside)] = 1;
  }
  FATHOM_RETURN_IF_ERROR(budget.Spend(2));
  return names;
}

}  // namespace

struct SchemaCompiler::State {
  State(Grammar& to, const GrammarLimits& limits)
      : grammar(to),
        budget(limits),
        python(to, Spacing::kPython),
        flexible(to, Spacing::kFlexible) {}

  Result<Parameters> ObjectParameters(SchemaWriter& writer, const SchemaDocument& document,
                                      const Alternative& object);
  Status AddOthers(SchemaWriter& writer, const SchemaDocument& document, const Alternative& object,
                   const ObjectFacts& facts, Parameters* parameters);

  Grammar& grammar;
  Budget budget;
  CommonForms python, flexible;
};

SchemaCompiler::SchemaCompiler(Grammar& grammar, const GrammarLimits& limits)
    : state_(std::make_unique<State>(grammar, limits)) {}

SchemaCompiler::~SchemaCompiler() = default;

Result<ExprId> SchemaCompiler::Json(const json::Value& schema, std::string_view path,
                                    const SchemaOptions& options) {
  const SchemaDocument document(schema, path);
  Budget& budget = state_->budget;
  FATHOM_RETURN_IF_ERROR(document.CheckSize(budget.limits()));
  CommonForms& common = options.spacing == Spacing::kPython ? state_->python : state_->flexible;
  SchemaWriter writer(state_->grammar, common, document, options, budget);
  const auto at_path = [&](const Status& status) {
    return status.message().starts_with(path) ? status : status.At(path);
  };
  Result<ExprId> form = writer.Value({document.root()});
  if (!form.ok()) return at_path(form.status());
  if (writer.IsNever(*form)) return writer.NothingSatisfies();
  FATHOM_RETURN_IF_ERROR(writer.CheckEnds());
  return form;
}

Result<SchemaCompiler::Parameters> SchemaCompiler::Arguments(const json::Value& schema,
                                                             std::string_view path) {
  const SchemaDocument document(schema, path);
  Budget& budget = state_->budget;
  FATHOM_RETURN_IF_ERROR(document.CheckSize(budget.limits()));
  SchemaWriter writer(state_->grammar, state_->python, document,
                      {.spacing = Spacing::kPython, .open_objects = true}, budget);
  const auto at_path = [&](const Status& status) {
    return status.message().starts_with(path) ? status : status.At(path);
  };
  Result<Alternatives> objects = writer.ObjectsOf({document.root()});
  if (!objects.ok()) return at_path(objects.status());
  if (objects->empty()) {
    return document.At(document.root(), InvalidArgument("expected the schema of an object"));
  }
  if (objects->size() > 1) {
    return document.At(document.root(),
                       Unsupported("arguments can't be one of {} alternatives", objects->size()));
  }
  Result<Parameters> parameters = state_->ObjectParameters(writer, document, (*objects)[0]);
  if (!parameters.ok()) return at_path(parameters.status());
  FATHOM_RETURN_IF_ERROR(writer.CheckEnds());
  return parameters;
}

Result<SchemaCompiler::Parameters> SchemaCompiler::State::ObjectParameters(
    SchemaWriter& writer, const SchemaDocument& document, const Alternative& object) {
  FATHOM_ASSIGN_OR_RETURN(const ObjectFacts facts, writer.facts().Object(object));
  for (const SchemaNode fact : object.facts) {
    for (const std::string_view word : {"enum", "const", "not"}) {
      if (!fact->object().Has(word)) continue;
      return document.At(fact, Unsupported("{}: not supported for all arguments together", word));
    }
  }
  Parameters parameters;
  for (const Property& property : facts.named) {
    FATHOM_ASSIGN_OR_RETURN(const SchemaWriter::Parts parts, writer.ValueParts(property.nodes));
    Parameter parameter = {property.name, property.required, parts.text, parts.json};
    if (writer.IsNever(parts.text)) parameter.text = -1;
    if (writer.IsNever(parts.json)) parameter.json = -1;
    bool possible = parameter.text >= 0 || parameter.json >= 0;
    if (possible && !facts.key_nodes.empty()) {
      FATHOM_ASSIGN_OR_RETURN(possible,
                              writer.check().IsValid(json::Value(property.name), facts.key_nodes));
    }
    if (!possible && property.required) return writer.NothingSatisfies();
    if (!possible) continue;
    if (!CanBeName(property.name)) {
      return document.At(document.root(),
                         Unsupported("the name '{}' can't be written: names of arguments hold no "
                                     "quotes, angle brackets or controls, and aren't empty",
                                     property.name.substr(0, 60)));
    }
    parameters.named.push_back(std::move(parameter));
  }
  FATHOM_RETURN_IF_ERROR(AddOthers(writer, document, object, facts, &parameters));

  const auto named = static_cast<int64_t>(parameters.named.size());
  const auto required = std::ranges::count(parameters.named, true, &Parameter::required);
  const bool too_many =
      facts.size.high != kUnbounded && (parameters.open || named > facts.size.high);
  if (facts.size.low > required || too_many) {
    return document.At(object.facts.empty() ? document.root() : object.facts[0],
                       Unsupported("minProperties and maxProperties aren't supported for all "
                                   "arguments together"));
  }
  return parameters;
}

// Arguments that the schema doesn't name.
Status SchemaCompiler::State::AddOthers(SchemaWriter& writer, const SchemaDocument& document,
                                        const Alternative& object, const ObjectFacts& facts,
                                        Parameters* parameters) {
  FATHOM_ASSIGN_OR_RETURN(CodeDfa allowed, AllNames(budget));
  FATHOM_ASSIGN_OR_RETURN(const std::optional<CodeDfa> keys, writer.KeysOf(facts));
  if (keys) {
    FATHOM_ASSIGN_OR_RETURN(allowed, Combine(allowed, *keys, SetOperation::kBoth, budget));
  }
  std::vector<std::string> names;
  for (const Property& property : facts.named) names.push_back(property.name);
  FATHOM_ASSIGN_OR_RETURN(const std::vector<OtherKeys> others,
                          writer.facts().OtherKeysOf(object, names, &allowed));
  for (const OtherKeys& one : others) {
    FATHOM_ASSIGN_OR_RETURN(const SchemaWriter::Parts parts, writer.ValueParts(one.nodes));
    if (writer.IsNever(parts.text) && writer.IsNever(parts.json)) continue;
    if (parameters->open) {
      return document.At(object.facts.empty() ? document.root() : object.facts[0],
                         Unsupported("patternProperties: arguments of more than one kind besides "
                                     "the named ones aren't supported"));
    }
    parameters->open = true;
    parameters->other_text = writer.IsNever(parts.text) ? -1 : parts.text;
    parameters->other_json = writer.IsNever(parts.json) ? -1 : parts.json;
    FATHOM_ASSIGN_OR_RETURN(ByteDfa bytes, WriteTexts(one.keys, StringForm::kRaw, budget));
    parameters->other_name = grammar.Dfa(std::move(bytes));
  }
  return {};
}

}  // namespace fathom::grammar
