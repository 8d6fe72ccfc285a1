// Formulas: KaTeX, loaded when the first one is shown. It builds elements and sets their styles one
// by one, which the content-security-policy allows; style attributes in a string it would not.
import katex from "katex";
import "katex/dist/katex.css";

const OPTIONS = {
  throwOnError: true,  // its own display of errors has a style attribute; ours shows the source
  trust: false,        // no links, no classes, no HTML out of formulas
  strict: "ignore",
  errorColor: "currentcolor",  // of a command that it does not know
  maxSize: 20,
  maxExpand: 300,
};

// Replaces the formula's source in `element`; leaves it where it is no formula.
export function typeset(element, source, display) {
  try {
    const made = document.createElement("span");
    katex.render(source, made, { ...OPTIONS, displayMode: display });
    element.replaceChildren(made);
    element.classList.add("set");
  } catch {
    element.classList.add("unset");
  }
}
