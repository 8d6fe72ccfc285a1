import { defineConfig } from "vite";

// Faces that formulas of answers hardly ever ask for; the browser slants or thickens another one.
const RARE_FACES = ["Caligraphic-Bold", "Fraktur-Bold", "Main-BoldItalic", "SansSerif-Bold",
  "SansSerif-Italic"];

// KaTeX as this page's content-security-policy and size want it.
const katex = {
  name: "katex",
  enforce: "pre",
  transform(code, id) {
    if (id.endsWith("/katex.css")) {
      const faces = code.replace(/@font-face \{[^}]*\}\n/g, (face) =>
        RARE_FACES.some((name) => face.includes(`KaTeX_${name}.`))
          ? ""
          : face.replace(/, url\([^)]*\) format\("(?:woff|truetype)"\)/g, ""));
      if (/\.(?:woff|ttf)\)/.test(faces)) this.error("katex.css names fonts in another form");
      return faces;
    }
    if (id.endsWith("/katex.mjs")) {
      // Style attributes are forbidden on the page. These three are ornaments of the invisible
      // MathML and the display of errors, which the page does itself.
      const pieces = code.split('node.setAttribute("style", ');
      if (pieces.length !== 4) this.error(`katex.mjs sets ${pieces.length - 1} style attributes, expected 3`);
      return { code: pieces.join('node.setAttribute("data-style", '), map: null };
    }
    return null;
  },
};

export default defineConfig({
  plugins: [katex],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,  // fonts as data: addresses would need a policy that allows them
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        entryFileNames: "assets/[name]-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
});
