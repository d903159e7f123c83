"""Makes the SBOM that goes into the wheel (PEP 770) of what cyclonedx-py says of an environment.

From standard input to standard output, for ``scripts/lock/update``. What is kept is what identifies
each package, its licence and what it needs; what the page has in it from others is added, as their
folders say. The result is checked against CycloneDX' schema.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_Json = dict[str, Any]
_KEPT = ("bom-ref", "type", "name", "version", "purl", "licenses")
_TITLE = re.compile(r"^# \S+ (?P<version>[\d.]+)$", re.MULTILINE)
_NAME = re.compile(r"npm package `(?P<name>[\w@/-]+)`")
_FILE = re.compile(
    r"^\| `(?P<file>[\w.]+)` \| `[^`]+` \| `(?P<sha256>[0-9a-f]{64})` \|$", re.MULTILINE
)


def sbom(found: _Json) -> _Json:
    """What goes into the wheel.

    :param found: cyclonedx-py's, of an environment that was made by the lock.
    """
    root = found["metadata"]["component"]
    packages = [_kept(component) for component in found["components"]]
    new = {root["bom-ref"]: "relay"} | {each["bom-ref"]: each["purl"] for each in packages}
    for each in packages:
        each["bom-ref"] = each["purl"]
    relay = {key: root[key] for key in ("type", "name", "version", "licenses")}
    relay |= {"bom-ref": "relay", "purl": f"pkg:pypi/{root['name']}@{root['version']}"}
    return {
        "$schema": found["$schema"],
        "bomFormat": found["bomFormat"],
        "specVersion": found["specVersion"],
        "version": 1,
        "metadata": {"component": relay | {"components": vendored(ROOT / "web")}},
        "components": sorted(packages, key=lambda each: each["purl"]),
        "dependencies": sorted(
            (_renamed(each, new) for each in found["dependencies"] if each["ref"] in new),
            key=lambda each: each["ref"],
        ),
    }


def vendored(web: Path) -> list[_Json]:
    """What lies in the page's folder that is others' work, as the README beside it says."""
    return [_vendored(path, web) for path in sorted(web.glob("**/vendor/**/README.md"))]


def _vendored(readme: Path, web: Path) -> _Json:
    text = readme.read_text(encoding="utf-8")
    title, name = _TITLE.search(text), _NAME.search(text)
    files = [*_FILE.finditer(text)]
    if not (title and name and files):
        raise SystemExit(f"sbom: {readme} does not say version, npm package and files")
    purl = f"pkg:npm/{name['name']}@{title['version']}"
    folder = readme.parent.relative_to(web.parent)
    return {
        "bom-ref": purl,
        "type": "library",
        "name": name["name"],
        "version": title["version"],
        "purl": purl,
        "licenses": [{"license": {"id": "MIT"}}],
        "components": [
            {
                "type": "file",
                "bom-ref": f"{folder}/{each['file']}",
                "name": f"relay/{folder}/{each['file']}",
                "hashes": [{"alg": "SHA-256", "content": each["sha256"]}],
            }
            for each in files
        ],
    }


def _kept(component: _Json) -> _Json:
    kept = {key: component[key] for key in _KEPT if key in component}
    licences = [_short(each) for each in kept.get("licenses", ())]
    known = [each for each in licences if each]
    return kept | {"licenses": known} if known else {k: kept[k] for k in kept if k != "licenses"}


def _short(licence: _Json) -> _Json | None:
    """Without the text of a licence, which the package itself has."""
    if "expression" in licence:
        return {"expression": licence["expression"]}
    told = {key: licence["license"][key] for key in ("id", "name") if key in licence["license"]}
    return {"license": told} if told else None


def _renamed(dependency: _Json, new: dict[str, str]) -> _Json:
    needed = sorted(new[each] for each in dependency.get("dependsOn", ()) if each in new)
    return {"ref": new[dependency["ref"]]} | ({"dependsOn": needed} if needed else {})


def main() -> None:
    """Read, make, check and write one."""
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415 - only there where a lock is made
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415

    text = json.dumps(sbom(json.load(sys.stdin)), indent=1, ensure_ascii=False) + "\n"
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong is not None:
        raise SystemExit(f"sbom: {wrong}")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
