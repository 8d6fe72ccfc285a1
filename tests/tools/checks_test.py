#!/usr/bin/env python3
"""Tests of the checks in tools/: each must accept a good tree and name what is wrong with a bad one."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"


class CheckTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, files):
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def run_check(self, script, *arguments):
        done = subprocess.run([sys.executable, TOOLS / script, *arguments], cwd=self.root, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr


class LayersTest(CheckTest):
    TREE = {"src/LAYERS.txt": "# lowest first\nbase:\njson: base\nengine: base json\n",
            "src/base/a.h": "#include <string>\n",
            "src/json/b.cc": '#include "json/b.h"\n#include "base/a.h"\n',
            "src/engine/c.cc": '#include "json/b.h"\n'}

    def check(self):
        return self.run_check("check_layers.py", "src", "LAYERS.txt")

    def test_accepts_what_layers_allow(self):
        self.write(self.TREE)
        self.assertEqual(self.check(), (0, ""))

    def test_names_the_include_that_goes_up(self):
        self.write(self.TREE | {"src/json/b.cc": '#include "base/a.h"\n#include "engine/c.h"\n'})
        self.assertEqual(self.check(), (1, "json/b.cc:2: json may not include engine\n"))

    def test_looks_into_subfolders(self):
        self.write(self.TREE | {"src/json/deep/er.h": '#include "engine/c.h"\n'})
        self.assertEqual(self.check(), (1, "json/deep/er.h:1: json may not include engine\n"))

    def test_lets_tests_include_anything(self):
        self.write(self.TREE | {"src/base/a_test.cc": '#include "engine/c.h"\n'})
        self.assertEqual(self.check(), (0, ""))

    def test_names_a_module_without_a_line(self):
        self.write(self.TREE | {"src/new/d.h": ""})
        self.assertEqual(self.check(), (1, "src/new/d.h: module new is missing in LAYERS.txt\n"))

    def test_refuses_a_line_that_looks_up(self):
        self.write(self.TREE | {"src/LAYERS.txt": "base: json\njson:\nengine:\n"})
        self.assertEqual(self.check(), (1, "base: json must stand above it\n"))


class DocsTest(CheckTest):
    TREE = {"src/LAYERS.txt": "base:\njson: base\nlater: base\n",
            "src/base/CMakeLists.txt": "",
            "src/base/status.h": "",
            "src/json/CMakeLists.txt": "",
            "src/README.md": "### `base`\nStart at `base/status.h`.\n### `json`\nText.\n",
            "README.md": "[here](src/README.md), [part](src/README.md#base), [web](https://example.org), [folder](src)\n"}

    def check(self):
        return self.run_check("check_docs.py")

    def test_accepts_what_is_true(self):
        self.write(self.TREE)
        self.assertEqual(self.check(), (0, ""))

    def test_names_a_link_that_leads_nowhere(self):
        self.write(self.TREE | {"README.md": "one\n[gone](docs/gone.md)\n"})
        self.assertEqual(self.check(), (1, "README.md:2: link to docs/gone.md, which does not exist\n"))

    def test_wants_a_paragraph_for_each_module(self):
        self.write(self.TREE | {"src/later/CMakeLists.txt": ""})
        self.assertEqual(self.check(), (1, "src/README.md: no paragraph on module later, expected a heading ### `later`\n"))

    def test_wants_no_paragraph_on_what_is_not_there(self):
        self.write(self.TREE | {"src/README.md": "### `base`\n### `json`\n### `later`\n"})
        self.assertEqual(self.check(), (1, "src/README.md: describes later, which is no module with a CMakeLists.txt\n"))

    def test_wants_the_order_of_the_layers(self):
        self.write(self.TREE | {"src/README.md": "### `json`\n### `base`\n"})
        self.assertEqual(self.check(), (1, "src/README.md: modules stand in the order json base, expected that of LAYERS.txt\n"))

    def test_wants_paths_that_exist(self):
        self.write(self.TREE | {"src/README.md": "### `base`\n`base/gone.h`\n### `json`\n"})
        self.assertEqual(self.check(), (1, "src/README.md: names src/base/gone.h, which does not exist\n"))


if __name__ == "__main__":
    unittest.main()
