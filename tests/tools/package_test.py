#!/usr/bin/env python3
"""Builds the Debian packages and looks inside.   usage: package_test.py BUILD_FOLDER

tools/check_deb.sh installs them on a clean system.
"""
import io
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest

BUILD = pathlib.Path(sys.argv.pop()).resolve()


def output(*command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, **{"text": True, "encoding": "utf-8", **more}).stdout


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        output("cpack", "-G", "DEB", "-B", cls.folder.name, cwd=BUILD, umask=0o022)
        cls.packages = {path.name.partition("_")[0]: path for path in pathlib.Path(cls.folder.name).glob("*.deb")}

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def field(self, package, name):
        return output("dpkg-deb", "-f", self.packages[package], name).strip()

    def contents(self, package):
        """path: (permissions, owner) of everything in the package."""
        rows = (line.split(None, 5) for line in output("dpkg-deb", "-c", self.packages[package]).splitlines())
        return {row[5].removeprefix("."): (row[0], row[1]) for row in rows}

    def test_there_are_two(self):
        self.assertEqual(sorted(self.packages), ["fathom", "fathom-nano"])

    def test_fields(self):
        for package in self.packages:
            self.assertEqual(self.field(package, "Section"), "science")
            self.assertEqual(self.field(package, "Priority"), "optional")
            self.assertNotEqual(self.field(package, "Maintainer"), "")
            # Its first line is for lists; policy 3.4.1.
            self.assertLess(len(self.field(package, "Description").splitlines()[0]), 80)
        self.assertEqual(self.field("fathom", "Version"), self.field("fathom-nano", "Version"))
        self.assertEqual(self.field("fathom", "Recommends"), "fathom-nano")
        self.assertIn("libc6 (>= ", self.field("fathom", "Depends"))
        self.assertIn("libstdc++6 (>= ", self.field("fathom", "Depends"))
        self.assertEqual(self.field("fathom-nano", "Depends"), "")
        self.assertEqual(self.field("fathom-nano", "Architecture"), "all")
        self.assertEqual(self.field("fathom-nano", "Enhances"), "fathom")

    def test_the_program_package(self):
        found = {path for path in self.contents("fathom") if not path.endswith("/")}
        for path in ("/usr/bin/fathom", "/usr/share/man/man1/fathom.1.gz", "/usr/share/man/man1/fathom-run.1.gz",
                     "/usr/share/bash-completion/completions/fathom", "/usr/share/zsh/vendor-completions/_fathom",
                     "/usr/share/fish/vendor_completions.d/fathom.fish", "/usr/share/doc/fathom/copyright",
                     "/usr/share/doc/fathom/changelog.Debian.gz", "/usr/share/doc/fathom/README.md",
                     "/usr/share/man/man1/fathom-serve.1.gz", "/usr/share/man/man1/fathom-make-key.1.gz",
                     "/usr/lib/systemd/system/fathom.service"):
            self.assertIn(path, found)
        self.assertFalse([path for path in found if "LICENSE" in path or "/models/" in path or "/include/" in path])

    def test_nothing_runs_by_being_installed(self):
        for package in self.packages:
            scripts = output("dpkg-deb", "--ctrl-tarfile", self.packages[package], encoding=None, text=False)
            with tarfile.open(fileobj=io.BytesIO(scripts)) as control:
                names = {pathlib.PurePath(name).name for name in control.getnames()}
            self.assertEqual(names & {"preinst", "postinst", "prerm", "postrm", "triggers"}, set())

    def test_the_model_package_holds_the_whole_model(self):
        found = {path for path in self.contents("fathom-nano") if not path.endswith("/")}
        model = pathlib.Path(__file__).resolve().parents[2] / "models/fathom-nano"
        expected = {f"/usr/share/fathom/models/fathom-nano/{path.name}" for path in model.iterdir() if path.suffix != ".xz"}
        expected |= {f"/usr/share/doc/fathom-nano/{name}" for name in ("copyright", "changelog.Debian.gz")}
        self.assertEqual(found, expected)

    def test_nothing_stands_in_both(self):
        both = set(self.contents("fathom")) & set(self.contents("fathom-nano"))
        self.assertEqual([path for path in both if not path.endswith("/")], [])

    def test_permissions(self):
        for package in self.packages:
            for path, (permissions, owner) in self.contents(package).items():
                with self.subTest(path):
                    self.assertEqual(owner, "root/root")
                    program = path.endswith("/") or path == "/usr/bin/fathom"
                    self.assertEqual(permissions[1:], "rwxr-xr-x" if program else "rw-r--r--")

    def test_the_licence_is_whole(self):
        root = pathlib.Path(__file__).resolve().parents[2]
        with tempfile.TemporaryDirectory() as folder:
            output("dpkg-deb", "-x", self.packages["fathom"], folder)
            copyright_file = pathlib.Path(folder, "usr/share/doc/fathom/copyright").read_text()
        licence = (root / "LICENSE").read_text()
        without_dots = " ".join(word for word in copyright_file.split() if word != ".")
        self.assertIn(" ".join(licence[licence.index("Permission is"):].split()), without_dots)


if __name__ == "__main__":
    unittest.main()
