#!/usr/bin/env python3
"""Fails where the documents and the tree disagree.   usage: check_docs.py   (in the repository's root)

- A relative link in a Markdown file must lead to a file or folder.
- src/README.md must have one heading "### `module`" for every module, in the order of src/LAYERS.txt, and every path in
  backticks in it must exist below src/.
"""
import pathlib
import re
import sys

IGNORED = {"build", ".git", ".cache"}
problems = []


def markdown_files(root):
    for path in sorted(root.rglob("*.md")):
        if not IGNORED & set(path.relative_to(root).parts):
            yield path


def check_links(root):
    for path in markdown_files(root):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", line):
                if "://" not in target and not (path.parent / target).exists():
                    problems.append(f"{path.relative_to(root)}:{number}: link to {target}, which does not exist")


def check_modules(root):
    layers = [line.split(":")[0] for line in (root / "src/LAYERS.txt").read_text(encoding="utf-8").splitlines()
              if line and not line.startswith("#")]
    modules = [name for name in layers if (root / "src" / name / "CMakeLists.txt").exists()]
    text = (root / "src/README.md").read_text(encoding="utf-8")
    described = re.findall(r"^### `(\w+)`", text, re.MULTILINE)
    for name in modules:
        if name not in described:
            problems.append(f"src/README.md: no paragraph on module {name}, expected a heading ### `{name}`")
    for name in described:
        if name not in modules:
            problems.append(f"src/README.md: describes {name}, which is no module with a CMakeLists.txt")
    known = [name for name in described if name in modules]
    if known != [name for name in modules if name in described]:
        problems.append(f"src/README.md: modules stand in the order {' '.join(known)}, expected that of LAYERS.txt")
    for path in re.findall(r"`(\w+/[\w./-]+)`", text):
        if not (root / "src" / path).exists():
            problems.append(f"src/README.md: names src/{path}, which does not exist")


check_links(pathlib.Path("."))
check_modules(pathlib.Path("."))
for problem in problems:
    print(problem)
sys.exit(bool(problems))
