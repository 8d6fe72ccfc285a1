"""Packs the built package into a wheel (PEP 427).   usage: build_wheel.py PACKAGE_FOLDER VERSION WHEEL

By itself, since a wheel is a zip with three text files more, and building one must not need the
network. Equal input gives equal bytes.
"""

import base64
import hashlib
import pathlib
import sys
import zipfile

METADATA = """\
Metadata-Version: 2.1
Name: fathom
Version: {version}
Summary: DeepSeek-V3.2: chat format, tokenizer and model
License: MIT
Requires-Python: >=3.11,<3.12
Classifier: Operating System :: POSIX :: Linux
Classifier: Programming Language :: Python :: 3.11
Classifier: Typing :: Typed
"""

WHEEL = """\
Wheel-Version: 1.0
Generator: fathom build_wheel.py
Root-Is-Purelib: false
Tag: cp311-cp311-linux_x86_64
"""


def main(package: pathlib.Path, version: str, target: pathlib.Path) -> None:
    info = f"fathom-{version}.dist-info"
    files: list[tuple[str, bytes]] = []
    for path in sorted(package.iterdir()):
        if path.suffix in {".py", ".pyi", ".so"} or path.name == "py.typed":
            files.append((f"fathom/{path.name}", path.read_bytes()))
    modules = [name for name, _ in files if name.endswith(".so")]
    if len(modules) != 1:
        sys.exit(f"error: {package}: expected one compiled module, found {modules}")
    files.append((f"{info}/METADATA", METADATA.format(version=version).encode()))
    files.append((f"{info}/WHEEL", WHEEL.encode()))
    rows = [f"{name},sha256={digest(data)},{len(data)}" for name, data in files]
    rows.append(f"{info}/RECORD,,")
    files.append((f"{info}/RECORD", ("\n".join(rows) + "\n").encode()))

    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in files:
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = (0o755 if name.endswith(".so") else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            wheel.writestr(entry, data)


def digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__.splitlines()[0])
    main(pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3]))
