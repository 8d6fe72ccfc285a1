"""The wheel, installed into an empty environment and used there."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import venv
import zipfile

SOURCE = pathlib.Path(os.environ["FATHOM_SOURCE_DIR"])
WHEEL = os.environ["FATHOM_WHEEL"]


class Wheel(unittest.TestCase):
    def test_installs_and_runs_in_an_empty_environment(self):
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        with tempfile.TemporaryDirectory() as folder:
            venv.create(folder, with_pip=True)
            python = folder + "/bin/python"
            install = [python, "-m", "pip", "install", "--no-index", "--quiet", WHEEL]
            subprocess.run(install, check=True, env=environment)
            program = [python, str(SOURCE / "python/examples/tools.py")]
            program.append(str(SOURCE / "models/fathom-nano"))
            done = subprocess.run(
                program, check=True, env=environment, cwd=folder, capture_output=True, text=True
            )
            self.assertIn("gave 17834", done.stdout)
            check = [python, "-m", "pip", "check"]
            subprocess.run(check, check=True, env=environment, capture_output=True)

    def test_needs_only_what_every_system_has(self):
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(WHEEL) as wheel:
            [name] = [name for name in wheel.namelist() if name.endswith(".so")]
            module = wheel.extract(name, folder)
            shown = subprocess.run(
                ["objdump", "-p", module], check=True, capture_output=True, text=True
            ).stdout
            exported = subprocess.run(
                ["nm", "-D", "--defined-only", module], check=True, capture_output=True, text=True
            ).stdout
        needed = set(re.findall(r"NEEDED\s+(\S+)", shown))
        system = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6"}
        self.assertLessEqual(needed, system | {"ld-linux-x86-64.so.2"})
        self.assertEqual([line.split()[-1] for line in exported.splitlines()], ["PyInit__core"])

    def test_holds_the_types(self):
        with zipfile.ZipFile(WHEEL) as wheel:
            self.assertIn("fathom/py.typed", wheel.namelist())
            self.assertIn("fathom/_core.pyi", wheel.namelist())
            self.assertIsNone(wheel.testzip())


if __name__ == "__main__":
    unittest.main()
