#!/usr/bin/env python3
"""Reads every manual page with man and groff, and completes in bash, zsh and fish.

usage: program_docs_test.py FOLDER PROGRAM   the folder as written by fathom_docs, pages compressed

bash and zsh run on a terminal of their own: text and a Tab are typed, and a stand-in for fathom prints the arguments it
gets. A program that is missing is a failure.
"""
import fcntl
import gzip
import os
import pathlib
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

PROGRAM = pathlib.Path(sys.argv.pop()).resolve()
DOCS = pathlib.Path(sys.argv.pop()).resolve()
HANGS = 120  # seconds without the answer: long enough for a machine under load
STAND_IN = "fathom() { printf '<%s>' \"$@\"; echo '<end>'; }\n"


def run(*command, env=None, input=None):
    return subprocess.run(command, text=True, encoding="utf-8", capture_output=True, input=input,
                          env=dict(os.environ, **(env or {})))


def help_of(*command):
    return run(str(PROGRAM), *command, "--help").stdout


# What the program itself lists; the pages and completions must know neither more nor less.
COMMANDS = re.findall(r"^  ([a-z-]+) ", help_of(), re.MULTILINE)
THREADS_HELP = re.search(r"--threads N +(.*)", help_of("run"))[1]  # has a colon, a semicolon and brackets


class ManPages(unittest.TestCase):
    def warnings(self, path):
        """All that man and groff have to say, on a terminal that has Unicode and on one that has not."""
        said = ""
        for locale in "C", "C.UTF-8":
            shown = run("man", "--warnings", "-l", str(path), env={"LC_ALL": locale, "MANWIDTH": "80"})
            self.assertIn("NAME", shown.stdout)
            said += shown.stderr
        page = gzip.decompress(path.read_bytes()).decode()
        return said + run("groff", "-man", "-ww", "-z", "-Tutf8", input=page).stderr

    def test_every_page_renders_without_warnings(self):
        pages = sorted(path.name for path in (DOCS / "man").iterdir())
        self.assertEqual(pages, sorted(["fathom.1.gz"] + [f"fathom-{name}.1.gz" for name in COMMANDS]))
        for page in pages:
            with self.subTest(page):
                self.assertEqual(self.warnings(DOCS / "man" / page), "")

    def test_a_bad_page_would_be_noticed(self):
        with tempfile.TemporaryDirectory() as folder:
            page = pathlib.Path(folder) / "bad.1.gz"
            page.write_bytes(gzip.compress(b".TH BAD 1\n.SH NAME\nbad\n.nosuchrequest\n\\[nosuchglyph]\n"))
            self.assertNotEqual(self.warnings(page), "")

    def test_every_command_is_on_the_overview(self):
        shown = run("man", "-l", str(DOCS / "man/fathom.1.gz"), env={"LC_ALL": "C.UTF-8", "MANWIDTH": "80"})
        self.assertIn("run", COMMANDS)
        for name in COMMANDS:
            self.assertIn(f"fathom-{name}(1)\n", shown.stdout)

    def test_flags_can_be_copied_from_the_page(self):
        shown = run("man", "-l", str(DOCS / "man/fathom-run.1.gz"), env={"LC_ALL": "C.UTF-8", "MANWIDTH": "80"})
        self.assertIn("--cache-type f32|bf16|fp8\n", shown.stdout)
        self.assertIn("fathom run [FLAGS] [MODEL]\n", shown.stdout)


class Terminal:
    """A shell on a terminal, in a folder with something to complete."""

    def __init__(self, command, prepare):
        self.folder = tempfile.TemporaryDirectory()
        here = pathlib.Path(self.folder.name)
        (here / "a model").mkdir()
        (here / "a model" / "config.json").touch()
        (here / "other.json").touch()
        self.shell, self.master = pty.fork()
        if self.shell == 0:
            os.chdir(here)
            os.execvpe(command[0], command, dict(os.environ, HOME=str(here), TERM="xterm", LC_ALL="C.UTF-8",
                                                 INPUTRC="/dev/null"))
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 250, 0, 0))
        self.seen = ""
        self.type("PS1='re''ady>'\n")
        self.wait_for("ready>")
        self.type(prepare + STAND_IN + "PS1='do''ne>'\n")
        self.wait_for("done>")

    def close(self):
        os.close(self.master)
        os.waitpid(self.shell, 0)
        self.folder.cleanup()

    def type(self, text):
        os.write(self.master, text.encode())

    def wait_for(self, *texts):
        """Reads until all of them have been seen; returns what was read, without escape sequences."""
        deadline = time.monotonic() + HANGS
        while True:
            plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]", "", self.seen)
            if all(text in plain for text in texts):
                self.seen = ""
                return plain
            if not select.select([self.master], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"expected {texts}, found only: {plain!r}")
            self.seen += os.read(self.master, 65536).decode(errors="replace")

    def arguments(self, typed):
        """What fathom would get when this and Enter are typed."""
        self.seen = ""
        self.type(typed + "\n")
        return re.findall(r"<([^>]*)>", self.wait_for("<end>"))[:-1]


class OnATerminal:
    """What bash and zsh have in common."""

    def test_completes_commands(self):
        self.assertEqual(self.terminal.arguments("fathom make-c\t"), ["make-checkpoint"])

    def test_completes_flags_of_the_command(self):
        self.assertEqual(self.terminal.arguments("fathom chat --thi\t"), ["chat", "--thinking"])

    def test_completes_choices(self):
        self.assertEqual(self.terminal.arguments("fathom run --numerics ref\t"), ["run", "--numerics", "reference"])
        self.assertEqual(self.terminal.arguments("fathom run --numerics=ref\t"), ["run", "--numerics=reference"])

    def test_completes_folders_for_models(self):
        self.assertEqual(self.terminal.arguments("fathom run -q a\t"), ["run", "-q", "a model/"])
        self.assertEqual(self.terminal.arguments("fathom run oth\t"), ["run", "oth"])

    def test_completes_files(self):
        self.assertEqual(self.terminal.arguments("fathom run --messages oth\t"), ["run", "--messages", "other.json"])
        self.assertEqual(self.terminal.arguments("fathom inspect a\tcon\t"), ["inspect", "a model/config.json"])

    def test_completes_nothing_for_texts(self):
        self.assertEqual(self.terminal.arguments("fathom run -p oth\t"), ["run", "-p", "oth"])

    def test_lists_choices(self):
        self.terminal.type("fathom make-checkpoint --dtype \t\t")
        self.terminal.wait_for("bf16", "f32", "fp8")
        self.terminal.type("\x15\n")
        self.terminal.wait_for("done>")


class Bash(OnATerminal, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.script = DOCS / "completions/fathom.bash"
        cls.terminal = Terminal(["bash", "--norc", "--noprofile", "-i"], f"source '{cls.script}'\n")

    @classmethod
    def tearDownClass(cls):
        cls.terminal.close()

    def candidates(self, *words):
        """The function's own answer, and what it left to readline."""
        called = run("bash", "--norc", "-c", f"""
            source '{self.script}'
            compopt() {{ printf 'compopt %s\\n' "$*"; }}
            COMP_WORDS=(fathom "$@") COMP_CWORD=$#
            _fathom
            printf '%s\\n' "${{COMPREPLY[@]}}"
            """, "bash", *words)
        self.assertEqual(called.stderr, "")
        return called.stdout.split("\n")[:-1]

    def test_candidates(self):
        self.assertEqual(self.candidates("ru"), ["run"])
        self.assertEqual(self.candidates(""), COMMANDS + ["--help", "--version"])
        self.assertEqual(self.candidates("run", "--cache-type", ""), ["f32", "bf16", "fp8"])
        self.assertEqual(self.candidates("run", "--cache-type", "=", "b"), ["bf16"])
        self.assertEqual(self.candidates("run", "--cache-type", "="), ["f32", "bf16", "fp8"])
        self.assertEqual(self.candidates("inspect", "--"), ["--help", "--tensors", "--check", "--json"])
        self.assertEqual(self.candidates("nosuch", ""), [""])

    def test_an_argument_is_offered_once(self):
        self.assertEqual(self.candidates("run", "-p", "hello", ""), ["compopt -o dirnames", ""])
        self.assertEqual(self.candidates("run", "--numerics", "=", "fast", ""), ["compopt -o dirnames", ""])
        self.assertIn("--thinking", self.candidates("run", "folder", ""))
        self.assertEqual(self.candidates("encode", ""), ["compopt -o default", ""])


class Zsh(OnATerminal, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.terminal = Terminal(["zsh", "-f", "-i"], f"""fpath=('{DOCS}/completions' $fpath)
autoload -Uz compinit && compinit -D -u
unsetopt auto_remove_slash
""")

    @classmethod
    def tearDownClass(cls):
        cls.terminal.close()

    def test_shows_the_help_text(self):
        self.terminal.type("fathom run --th\t")  # also --thinking
        self.terminal.wait_for("--threads", THREADS_HELP)
        self.terminal.type("\x15\n")
        self.terminal.wait_for("done>")


class Fish(unittest.TestCase):
    def candidates(self, typed):
        with tempfile.TemporaryDirectory() as home:
            (pathlib.Path(home) / "a model").mkdir()
            (pathlib.Path(home) / "other.json").touch()
            completed = run("fish", "--no-config", "-c", f"""
                cd '{home}'; source '{DOCS}/completions/fathom.fish'; complete -C '{typed}'""", env={"HOME": home})
        self.assertEqual(completed.stderr, "")
        return dict(line.partition("\t")[::2] for line in completed.stdout.splitlines())

    def test_completes_commands(self):
        self.assertEqual(set(self.candidates("fathom ru")), {"run"})
        self.assertEqual(set(self.candidates("fathom ")), set(COMMANDS))

    def test_completes_flags_of_the_command(self):
        self.assertEqual(self.candidates("fathom run --threa"), {"--threads": THREADS_HELP})
        self.assertEqual(self.candidates("fathom encode --thi"), {})

    def test_completes_choices(self):
        self.assertEqual(set(self.candidates("fathom run --cache-type ")), {"f32", "bf16", "fp8"})
        self.assertEqual(set(self.candidates("fathom run --cache-type=b")), {"--cache-type=bf16"})

    def test_completes_files_and_folders(self):
        self.assertEqual(set(self.candidates("fathom run ")), {"a model/"})
        self.assertEqual(set(self.candidates("fathom run --files ")), {"a model/"})
        self.assertEqual(set(self.candidates("fathom run --messages ")), {"a model/", "other.json"})
        self.assertEqual(set(self.candidates("fathom inspect ")), {"a model/", "other.json"})
        self.assertEqual(self.candidates("fathom run -p "), {})


if __name__ == "__main__":
    unittest.main()
