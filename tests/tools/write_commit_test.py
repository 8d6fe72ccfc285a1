#!/usr/bin/env python3
"""cmake/write_commit.cmake in folders of every kind."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "cmake/write_commit.cmake"


class WriteCommit(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = pathlib.Path(temporary.name).resolve()
        self.tree = self.root / "tree"
        self.tree.mkdir()
        self.output = self.root / "build_commit.cc"

    def git(self, folder, *arguments):
        environment = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null")
        subprocess.run(["git", "-C", folder, "-c", "user.name=n", "-c", "user.email=e@e.invalid", *arguments],
                       check=True, capture_output=True, env=environment)

    def make_repository(self, folder):
        (folder / "file").write_text("one")
        self.git(folder, "init", "-q")
        self.git(folder, "add", "file")
        self.git(folder, "commit", "-q", "-m", "first")

    def commit(self):
        subprocess.run(["cmake", f"-DSOURCE={self.tree}", f"-DOUTPUT={self.output}", "-P", SCRIPT], check=True)
        return re.search(r'kBuildCommit\[\] = "(.*)";', self.output.read_text())[1]

    def test_a_folder_without_git_has_none(self):
        self.assertEqual(self.commit(), "unknown")

    def test_nor_has_one_inside_another_repository(self):
        self.make_repository(self.root)
        self.assertEqual(self.commit(), "unknown")

    def test_a_repository_has_one_and_says_when_files_have_changed(self):
        self.make_repository(self.tree)
        commit = self.commit()
        self.assertRegex(commit, "^[0-9a-f]{12}$")
        (self.tree / "file").write_text("two")
        self.assertEqual(self.commit(), commit + "-dirty")

    def test_a_tag_does_not_hide_it(self):
        self.make_repository(self.tree)
        self.git(self.tree, "tag", "-m", "release", "v1")
        self.assertRegex(self.commit(), "^[0-9a-f]{12}$")

    def test_the_file_is_left_alone_while_it_is_right(self):
        self.make_repository(self.tree)
        self.commit()
        os.utime(self.output, (1, 1))
        self.commit()
        self.assertEqual(self.output.stat().st_mtime, 1)


if __name__ == "__main__":
    unittest.main()
