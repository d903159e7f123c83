"""The page as one file: its modules, its styles and the words of one language, in ``index.html``.

A browser asks a server for six files at a time, and on a mobile network each round takes half a
second: what stands in 80 files for whoever reads them has to come in one. Nothing is built: this is
done when the page is asked for, of the files as they are. They are modules without circles (a
test), so each can be a function that is run once, when all that it needs has been::

    joined["view/dom.js"] ??= (() => { ... return { find, setText }; })();

What a module imports only when it is used, ``import("./trial.js")``, stays out. It comes as
``/joined/view/trial.js``, in one file with whatever it needs that the page has not; so no module is
there twice. The modules have to be written as ours are: what is imported or exported has a name,
and stands at the beginning of a line.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from posixpath import dirname, join, normpath

Read = Callable[[str], str]
"""The text of a file of the page, by its path in the folder."""

_IMPORT = re.compile(r'^import (?:(\{[^}]*\}|\* as \w+) from )?"(\.[^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|class|const) (\w+))", re.MULTILINE)
_OTHER = re.compile(r"^(?:export|import)\b(?!\().*|\bexport ?\{.*", re.MULTILINE)
_LATER = re.compile(r"\bimport\(")

_STYLE = re.compile(r'<link rel="stylesheet" href="([^"]+)">\s*')
_SCRIPT = re.compile(r'<script type="module" src="([^"]+)"( async)?></script>')

# Comments that have lines to themselves, indentation, empty lines. No text of several lines may
# look like that: a test compares what is left, token by token.
_SPARE = re.compile(
    r"^[ \t]*(?://[^\n]*|/\*(?:[^*]|\*(?!/))*\*/[ \t]*)\n|^[ \t]+|^\n", re.MULTILINE
)

# What is not waited for runs where it stands, before what comes after it: an asynchronous module
# of a page's own may run after the next one.
_KINDS = {" async": "", None: ' type="module"'}

_BEGINNING = """\
"use strict";
window.joined = {};
joined.load = async (folder, path) => {
const name = new URL(path, `http://page/${folder}/`).pathname.slice(1);
return joined[name] ?? import(`./joined/${name}`);
};
"""


class CannotJoinError(ValueError):
    """A file is not written as it has to be; says which, and what is wrong."""


@dataclass(frozen=True)
class _Module:
    name: str
    needs: tuple[str, ...]
    exports: tuple[str, ...]
    body: str


@dataclass(frozen=True)
class Front:
    """The page, and what of it are scripts or a style: a policy has to name them."""

    html: str
    scripts: tuple[str, ...]
    style: str


def front(read: Read, words: str) -> Front:
    """``index.html`` with all that it needs at once.

    :param words: the module with the words of the language that will be spoken first.
    :raises CannotJoinError: when a file is written in another way.
    """
    html = read("index.html")
    sheets = _STYLE.findall(html)
    entries = _entries(html)
    if not entries or not sheets:
        raise CannotJoinError("index.html has no script, or no style")
    scripts = _scripts(read, entries, words)
    style = "".join(spared(read(sheet)) for sheet in sheets)
    ends = [(style, "</style"), (style, "url(")]
    ends += [(script, end) for script in scripts for end in ("</script", "<!--")]
    for text, end in ends:
        if end in text:
            raise CannotJoinError(f"there is {end} in it")
    html = _STYLE.sub("", html, count=len(sheets) - 1)
    html = _STYLE.sub(lambda _: f"<style>{style}</style>\n", html)
    inline = iter(scripts)
    html = _SCRIPT.sub(lambda tag: f"<script{_KINDS[tag[2]]}>{next(inline)}</script>", html)
    return Front(html, scripts, style)


def later(read: Read, name: str) -> str:
    """A module that is imported when it is used, with whatever the page does not have.

    What others have written is as it is: it stands by itself, and is imported alone.

    :raises CannotJoinError: when a file is written in another way.
    """
    if name.startswith("vendor/"):
        return read(name)
    entries = _entries(read("index.html"))
    known = {module.name for entry in entries for module in _needed(read, entry)}
    modules = [module for module in _needed(read, name) if module.name not in known]
    if not modules:
        raise CannotJoinError(f"{name} is part of the page")
    exports = ", ".join(modules[-1].exports)
    script = "".join(map(_joined, modules))
    return f'{script}export const {{ {exports} }} = joined["{name}"];\n'


def _entries(html: str) -> list[str]:
    return [tag[1] for tag in _SCRIPT.finditer(html)]


def _scripts(read: Read, entries: list[str], words: str) -> tuple[str, ...]:
    """One for each entry, with what it needs and those before it do not have."""
    scripts: list[str] = []
    there = set[str]()
    beginning, spoken = _BEGINNING, _needed(read, words)
    for entry in entries:
        *needed, main = _needed(read, entry)
        fresh = {module.name: module for module in [*spoken, *needed] if module.name not in there}
        there |= fresh.keys()
        script = beginning + "".join(map(_joined, fresh.values()))
        scripts.append(f"{script}(async () => {{\n{main.body}}})();\n")
        beginning, spoken = "", []
    return tuple(scripts)


def spared(text: str) -> str:
    """A script or style without what is there for its readers alone."""
    return _SPARE.sub("", text)


def _needed(read: Read, name: str) -> list[_Module]:
    """A module, after all that it needs, each once."""
    found: dict[str, _Module] = {}

    def visit(name: str) -> Iterator[_Module]:
        if name in found:
            return
        module = found[name] = _module(name, read(name))
        for needed in module.needs:
            yield from visit(needed)
        yield module

    return list(visit(name))


def _module(name: str, text: str) -> _Module:
    folder = dirname(name)
    needs: list[str] = []

    def bind(found: re.Match[str]) -> str:
        needed = normpath(join(folder, found[2]))
        needs.append(needed)
        if found[1] is None:
            return ""
        names = found[1].replace(" as ", ": ").removeprefix("*: ")
        return f'const {names} = joined["{needed}"];\n'

    text = _IMPORT.sub(bind, text)
    exports = tuple(_EXPORT.findall(text))
    text = _EXPORT.sub("", text)
    if other := _OTHER.search(text):
        raise CannotJoinError(f"{name}: {other[0]}")
    body = _LATER.sub(f'joined.load("{folder}", ', spared(text))
    return _Module(name, tuple(needs), exports, body)


def _joined(module: _Module) -> str:
    exports = ", ".join(module.exports)
    return f'joined["{module.name}"] ??= (() => {{\n{module.body}return {{ {exports} }};\n}})();\n'
