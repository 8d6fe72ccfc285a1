// Colours for code: highlight.js with the languages that answers mostly hold, loaded when the first
// code is shown.
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import cpp from "highlight.js/lib/languages/cpp";
import css from "highlight.js/lib/languages/css";
import go from "highlight.js/lib/languages/go";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import python from "highlight.js/lib/languages/python";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";

const languages = { bash, cpp, css, go, java, javascript, json, python, rust, sql, xml, yaml };
for (const [name, language] of Object.entries(languages)) hljs.registerLanguage(name, language);
// Near enough to be coloured as these.
hljs.registerAliases(["typescript", "ts", "tsx"], { languageName: "javascript" });
hljs.registerAliases(["c", "h", "cuda"], { languageName: "cpp" });
hljs.registerAliases(["shell", "console"], { languageName: "bash" });

// HTML of spans, or null for a language that is not among them.
export function highlight(text, language) {
  if (!hljs.getLanguage(language)) return null;
  return hljs.highlight(text, { language, ignoreIllegals: true }).value;
}
