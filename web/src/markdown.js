// Markdown of a model → DOM that can do nothing but be read.
//
// Three walls, each enough alone: HTML in the text is shown as text (but for a few harmless tags),
// DOMPurify keeps only the elements and attributes named here, and the server's
// content-security-policy lets nothing inline run and no string become HTML except through
// DOMPurify (trusted types).
import DOMPurify from "dompurify";
import { Marked } from "marked";

const SAFE_LINK = /^(?:https?:\/\/|mailto:)/i;

// Written by models for what Markdown has no sign for.
const HARMLESS_TAG = /^<(?:br\s*\/?|\/?(?:sub|sup|kbd|mark|u))>$/i;

const PURIFY = {
  ALLOWED_TAGS: ["a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6",
    "hr", "kbd", "li", "mark", "ol", "p", "pre", "span", "strong", "sub", "sup", "table", "tbody",
    "td", "th", "thead", "tr", "u", "ul"],
  ALLOWED_ATTR: ["align", "class", "href", "start", "title"],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: SAFE_LINK,
  RETURN_DOM_FRAGMENT: true,
};

// The one place where a string becomes elements.
export function fragmentOf(html) {
  return DOMPurify.sanitize(html, PURIFY);
}

DOMPurify.addHook("afterSanitizeAttributes", (element) => {
  if (element.tagName !== "A") return;
  element.setAttribute("rel", "noopener noreferrer nofollow");
  element.setAttribute("target", "_blank");
});

export function escapeHtml(text) {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

// \( … \), \[ … \] and $$ … $$. A single dollar is money more often than mathematics.
const MATH_BLOCK = /^ {0,3}(?:\\\[([\s\S]+?)\\\]|\$\$([\s\S]+?)\$\$)[ \t]*(?:\n+|$)/;
const MATH_INLINE = /^(?:\\\(([\s\S]+?)\\\)|\\\[([\s\S]+?)\\\]|\$\$([^\n]+?)\$\$)/;

const mathBlock = {
  name: "mathBlock",
  level: "block",
  start: (source) => indexOf(source, /(?:^|\n) {0,3}(?:\\\[|\$\$)/),
  tokenizer(source) {
    const match = MATH_BLOCK.exec(source);
    if (match) return { type: "mathBlock", raw: match[0], text: match[1] ?? match[2] };
  },
  renderer: (token) => `<p><span class="math display">${escapeHtml(token.text.trim())}</span></p>`,
};

const mathInline = {
  name: "mathInline",
  level: "inline",
  start: (source) => indexOf(source, /\\\(|\\\[|\$\$/),
  tokenizer(source) {
    const match = MATH_INLINE.exec(source);
    if (!match) return undefined;
    return {
      type: "mathInline",
      raw: match[0],
      text: match[1] ?? match[2] ?? match[3],
      display: match[1] === undefined,
    };
  },
  renderer: (token) =>
    `<span class="math${token.display ? " display" : ""}">${escapeHtml(token.text.trim())}</span>`,
};

function indexOf(source, pattern) {
  const match = pattern.exec(source);
  return match ? match.index : undefined;
}

const marked = new Marked({
  gfm: true,
  breaks: false,
  extensions: [mathBlock, mathInline],
  renderer: {
    html: ({ text }) => (HARMLESS_TAG.test(text.trim()) ? text : escapeHtml(text)),
    link({ href, title, tokens }) {
      const words = this.parser.parseInline(tokens);
      if (!SAFE_LINK.test(href)) return words;
      return `<a href="${escapeHtml(href)}"${title ? ` title="${escapeHtml(title)}"` : ""}>${words}</a>`;
    },
    // Loading a picture would tell its host that this text was read: a link leaves that to the reader.
    image({ href, text }) {
      const words = escapeHtml(text || href);
      if (!SAFE_LINK.test(href)) return words;
      return `<a class="picture" href="${escapeHtml(href)}">${words}</a>`;
    },
    code({ text, lang }) {
      const name = (lang ?? "").trim().split(/\s+/)[0].toLowerCase().replace(/[^\w+#-]/g, "");
      return `<pre><code class="language-${name}">${escapeHtml(text)}</code></pre>`;
    },
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
  },
});

// The top-level blocks of a text: {key, html()}. Equal keys make equal blocks, so that of a text
// that grows only the last ones are made anew.
export function blocksOf(text) {
  const tokens = marked.lexer(text);
  const links = JSON.stringify(tokens.links);
  return tokens
    .filter((token) => token.type !== "space" && token.type !== "def")
    .map((token) => ({ key: links + token.raw, type: token.type, html: () => marked.parser([token]) }));
}
