"""The page as one file: what becomes of its modules."""

import pytest

from relay.api.joined import CannotJoinError, front, later, spared
from relay.api.page import folder

HTML = """<head>
    <link rel="stylesheet" href="style/a.css">
    <link rel="stylesheet" href="style/b.css">
    <script type="module" src="first.js" async></script>
    <script type="module" src="main.js"></script>
</head>"""
PAGE = {
    "index.html": HTML,
    "style/a.css": "/* first */\nbody {\n  margin: 0;\n}\n",
    "style/b.css": "p { margin: 0 }\n",
    "first.js": 'import { TWO } from "./two.js";\nfirst(TWO);\n',
    "main.js": 'import { one } from "./view/one.js";\nimport * as two from "./two.js";\n'
    'one(two.TWO);\nimport("./later.js");\n',
    "two.js": "/** Two. */\nexport const TWO = 2;\n",
    "view/one.js": 'import { TWO as many } from "../two.js";\n\n// why\n'
    "export function one() {\n  return many; // how many\n}\n"
    "export async function other() {}\nexport class Kind {}\n",
    "later.js": 'import { one } from "./view/one.js";\nimport { deep } from "./deep.js";\n'
    "export const late = [one, deep];\n",
    "deep.js": "export const deep = () => import(`./words/${1}.js`);\n",
    "words/en.js": 'import { plural } from "./plural.js";\nexport const words = plural;\n',
    "words/plural.js": "export const plural = 1;\n",
}


def test_all_that_the_page_needs_is_in_it_once_and_in_order() -> None:
    made = front(PAGE.__getitem__, "words/en.js")
    assert made.style == "body {\nmargin: 0;\n}\np { margin: 0 }\n"
    assert f"<style>{made.style}</style>" in made.html
    first, script = made.scripts
    assert f"<script>{first}</script>" in made.html
    assert f'<script type="module">{script}</script>' in made.html
    assert "href=" not in made.html
    assert "src=" not in made.html
    names = ("words/plural.js", "words/en.js", "two.js", "view/one.js")
    begins = [(first + script).index(f'joined["{name}"] ??=') for name in names]
    assert begins == sorted(begins)
    assert (first + script).count('joined["two.js"] ??=') == 1
    assert first.endswith('const { TWO } = joined["two.js"];\nfirst(TWO);\n})();\n')
    one = """joined["view/one.js"] ??= (() => {
const { TWO: many } = joined["two.js"];
function one() {
return many; // how many
}
async function other() {}
class Kind {}
return { one, other, Kind };
})();
"""
    assert one in script
    end = """(async () => {
const { one } = joined["view/one.js"];
const two = joined["two.js"];
one(two.TWO);
joined.load("", "./later.js");
})();
"""
    assert script.endswith(end)
    assert "late" not in script.replace("later.js", "")


def test_what_comes_later_brings_what_the_page_does_not_have() -> None:
    assert later(PAGE.__getitem__, "later.js") == (
        """joined["deep.js"] ??= (() => {
const deep = () => joined.load("", `./words/${1}.js`);
return { deep };
})();
joined["later.js"] ??= (() => {
const { one } = joined["view/one.js"];
const { deep } = joined["deep.js"];
const late = [one, deep];
return { late };
})();
export const { late } = joined["later.js"];
"""
    )


@pytest.mark.parametrize(
    "line",
    [
        "export default 1;",
        "export let one = 1;",
        "export { one };",
        'export * from "./two.js";',
        'import one from "./two.js";',
        'import { one } from "elsewhere";',
    ],
)
def test_what_is_written_in_another_way_is_named(line: str) -> None:
    page = PAGE | {"two.js": f"{line}\n"}
    with pytest.raises(CannotJoinError, match=r"^two\.js: (ex|im)port"):
        front(page.__getitem__, "words/en.js")


@pytest.mark.parametrize(
    "changed",
    [
        {"index.html": "<head></head>"},
        {"two.js": "export const TWO = '</script>';\n"},
        {"two.js": "export const TWO = '<!--';\n"},
        {"style/b.css": "p { background: url(a.png) }\n"},
    ],
)
def test_what_would_mean_something_else_there_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(CannotJoinError):
        front((PAGE | changed).__getitem__, "words/en.js")


def test_what_others_have_written_is_as_it_is() -> None:
    page = PAGE | {"vendor/a/a.js": "const a=1;export{a as one};", "six.js": "let a;export{a};\n"}
    assert later(page.__getitem__, "vendor/a/a.js") == page["vendor/a/a.js"]
    with pytest.raises(CannotJoinError, match=r"^six\.js: export\{a"):
        later(page.__getitem__, "six.js")


def test_only_comments_with_lines_of_their_own_and_indentation_are_left_out() -> None:
    text = (
        '/**\n * Why, /* how.\n */\nconst a = "// b"; // c\n\n  // d\n  const e = /\\/*/; /* f */\n'
    )
    assert spared(text) == 'const a = "// b"; // c\nconst e = /\\/*/; /* f */\n'


def test_each_module_of_the_page_can_be_joined() -> None:
    web = folder()

    def read(name: str) -> str:
        return (web / name).read_text()

    made = front(read, "words/en.js")
    names = [path.relative_to(web).as_posix() for path in web.rglob("*.js")]
    others = ("first.js", "main.js", "machine/types.js")
    for name in names:
        is_ours = "vendor/" not in name and not name.startswith("admin/") and name not in others
        if is_ours and f'joined["{name}"] ??=' not in "".join(made.scripts):
            assert later(read, name)
