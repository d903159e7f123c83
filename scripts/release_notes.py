"""Writes what is to be said of a release, for ``scripts/release``: what has changed, and the files.

usage: release_notes.py FILE...     of the source in the working directory, with the files' SHA-256
"""

import hashlib
import json
import re
import sys
import tomllib
from pathlib import Path

_SECTION = re.compile(
    r"^## \[(?P<name>[^\]]+)\].*?$(?P<text>.*?)(?=^## \[|\Z)", re.MULTILINE | re.DOTALL
)
_VERSION = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)


class Contradiction(Exception):
    """The source says one thing here and another one there."""


def version_of(source: Path) -> tuple[str, str]:
    """The distribution's name and its version, which three files have to agree on.

    :raises Contradiction: when they do not.
    """
    project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name, version = project["name"], project["version"]
    package = _VERSION.search((source / "relay/__init__.py").read_text(encoding="utf-8"))
    if package is None or package[1] != version:
        raise Contradiction(f"relay/__init__.py is not of version {version} as pyproject.toml is")
    listed = json.loads((source / "scripts/lock/relay.cdx.json").read_text(encoding="utf-8"))
    component = listed["metadata"]["component"]
    if (component["name"], component["version"]) != (name, version):
        raise Contradiction(f"the SBOM is not of {name} {version}: run scripts/lock/update --sbom")
    return name, version


def changes(changelog: str, version: str) -> str:
    """What the changelog says of a version; of one that it does not know, what is not released.

    :raises Contradiction: when it says nothing.
    """
    sections = {each["name"]: each["text"].strip() for each in _SECTION.finditer(changelog)}
    found = sections.get(version) or sections.get("Unreleased")
    if not found:
        raise Contradiction(f"CHANGELOG.md says nothing of {version}")
    return found


def notes(name: str, version: str, changed: str, files: dict[str, str]) -> str:
    """All that is said.

    :param files: names of what is released, and the SHA-256 of each.
    """
    wheel = next(file for file in files if file.endswith(".whl"))
    sums = "\n".join(f"{digest}  {file}" for file, digest in files.items())
    return f"""# {name} {version}

```sh
sha256sum --check SHA256SUMS
python3 -m venv /opt/relay && /opt/relay/bin/pip install ./{wheel}
/opt/relay/bin/relay serve
```

{changed}

## Files

```
{sums}
```

The wheel has the page in it, and under `sboms/` the list of what it was tested with (CycloneDX).
Whoever runs `scripts/release` on the same commit gets the same files.
"""


def main(files: list[str]) -> None:
    """Write them to standard output."""
    source = Path()
    try:
        name, version = version_of(source)
        changed = changes((source / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    except Contradiction as error:
        print(f"release: {error}", file=sys.stderr)
        sys.exit(2)
    sums = {Path(each).name: hashlib.sha256(Path(each).read_bytes()).hexdigest() for each in files}
    print(notes(name, version, changed, sums), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
