"""How the page's files are answered: compressed where that is shorter, and not twice."""

import gzip
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from structlog.testing import capture_logs

from relay.api.page import Page, _invited

TEXT = "body { margin: 0 }\n" * 200


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "style.css").write_text(TEXT)
    (tmp_path / "short.css").write_text("a{}")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG" + b"x" * 4000)
    return tmp_path


async def get(page: Page, name: str, **headers: str) -> web.Response:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    request = make_mocked_request("GET", f"/{name}", headers=named)
    request._match_info = {"path": name}  # type: ignore[assignment]
    answer = await page._serve(request)
    assert isinstance(answer, web.Response)
    return answer


@pytest.mark.parametrize(
    ("asked", "told"),
    [("Ab-_9", "Ab-_9"), ("a b<&#", "a%20b%3C%26%23"), ("x" * 99, "x" * 64), ("é", "%C3%A9")],
)
async def test_who_is_invited_is_sent_to_the_page_with_the_code_for_nobody_else(
    asked: str, told: str
) -> None:
    request = make_mocked_request("GET", "/with/x")
    request._match_info = {"code": asked}  # type: ignore[assignment]
    answer = await _invited(request)
    assert (answer.status, answer.headers["Location"]) == (303, f"../#with={told}")
    assert answer.headers["Cache-Control"] == "no-store"


def body(answer: web.Response) -> bytes:
    assert isinstance(answer.body, bytes)
    return answer.body


@pytest.mark.parametrize("offer", ["gzip", "br, gzip;q=0.8", "*", "GZIP"])
async def test_who_takes_gzip_gets_gzip(root: Path, offer: str) -> None:
    answer = await get(Page(root), "style.css", Accept_Encoding=offer)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(body(answer)).decode() == TEXT


@pytest.mark.parametrize("offer", ["", "br", "identity", "gzip;q=0", "gzip; q=0.0"])
async def test_who_does_not_gets_plain_text(root: Path, offer: str) -> None:
    answer = await get(Page(root), "style.css", Accept_Encoding=offer)
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert body(answer).decode() == TEXT


@pytest.mark.parametrize("name", ["short.css", "picture.png"])
async def test_what_would_not_be_shorter_is_left_alone(root: Path, name: str) -> None:
    answer = await get(Page(root), name, Accept_Encoding="gzip")
    assert "Content-Encoding" not in answer.headers
    assert body(answer) == (root / name).read_bytes()


@pytest.mark.parametrize("offer", ["gzip", "identity"])
async def test_who_has_it_already_is_told_so(root: Path, offer: str) -> None:
    page = Page(root)
    first = await get(page, "style.css", Accept_Encoding=offer)
    etag = first.headers["ETag"]
    again = await get(page, "style.css", Accept_Encoding=offer, If_None_Match=etag)
    assert again.status == 304
    assert again.headers["ETag"] == etag
    assert again.headers["Vary"] == "Accept-Encoding"
    assert not again.body


async def test_each_encoding_has_its_own_tag(root: Path) -> None:
    page = Page(root)
    packed = await get(page, "style.css", Accept_Encoding="gzip")
    plain = await get(page, "style.css")
    assert packed.headers["ETag"] != plain.headers["ETag"]


async def test_a_file_that_has_changed_is_sent_anew(root: Path) -> None:
    page = Page(root)
    first = await get(page, "style.css")
    (root / "style.css").write_text("p { margin: 0 }")
    again = await get(page, "style.css", If_None_Match=first.headers["ETag"])
    assert again.status == 200
    assert body(again) == b"p { margin: 0 }"


async def test_a_file_that_is_gone_is_not_found(root: Path) -> None:
    page = Page(root)
    await get(page, "style.css")
    (root / "style.css").unlink()
    with pytest.raises(web.HTTPNotFound):
        await get(page, "style.css")


async def test_the_page_itself_welcomes_visitors_and_no_cache_keeps_it_for_others(
    root: Path,
) -> None:
    def welcome(_: web.Request, response: web.StreamResponse) -> None:
        response.set_cookie("name", "value")

    (root / "index.html").write_text("<!doctype html>")
    (root / "admin").mkdir()
    (root / "admin" / "index.html").write_text("<!doctype html>")
    page = Page(root, welcome)
    first = await get(page, "")
    again = await get(page, "", If_None_Match=first.headers["ETag"])
    assert (first.status, again.status) == (200, 304)
    for answer in (first, again, await get(page, "index.html")):
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.cookies["name"].value == "value"
    for name in ("style.css", "admin/"):
        answer = await get(page, name)
        assert answer.headers["Cache-Control"] == "no-cache"
        assert not answer.cookies


@pytest.fixture
def web_folder(root: Path) -> Path:
    """A page that can be joined."""
    (root / "index.html").write_text(
        '<link rel="stylesheet" href="style.css">\n<script type="module" src="main.js"></script>'
    )
    (root / "main.js").write_text('import("./later.js");\n')
    (root / "later.js").write_text("export const late = 1;\n")
    (root / "words").mkdir()
    for language in ("en", "es"):
        (root / "words" / f"{language}.js").write_text(f'export const words = "{language}";\n')
    return root


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        ("", "en"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("fr, EN-GB;q=0.8, es", "en"),
        ("..;q=1,*, e", "en"),
    ],
)
async def test_the_page_is_one_file_with_the_words_of_the_browsers_language(
    web_folder: Path, accepted: str, spoken: str
) -> None:
    answer = await get(Page(web_folder), "", Accept_Language=accepted)
    text = body(answer).decode()
    assert f'words = "{spoken}"' in text
    assert text.count("words = ") == 1
    assert answer.headers["Vary"] == "Accept-Encoding, Accept-Language"
    script = text.partition('<script type="module">')[2].partition("</script>")[0]
    hashed = b64encode(sha256(script.encode()).digest()).decode()
    assert f"script-src 'self' 'sha256-{hashed}'" in answer.headers["Content-Security-Policy"]


async def test_the_page_is_made_anew_when_a_part_of_it_has_changed(web_folder: Path) -> None:
    page = Page(web_folder)
    first = await get(page, "")
    known = first.headers["ETag"]
    assert (await get(page, "", If_None_Match=known)).status == 304
    (web_folder / "main.js").write_text("changed();\n")
    again = await get(page, "", If_None_Match=known)
    assert again.status == 200
    assert b"changed()" in body(again)


async def test_a_page_that_cannot_be_joined_is_served_in_its_parts(web_folder: Path) -> None:
    (web_folder / "main.js").write_text("export default 1;\n")
    with capture_logs() as logs:
        answer = await get(Page(web_folder), "")
    assert body(answer) == (web_folder / "index.html").read_bytes()
    assert "Content-Security-Policy" not in answer.headers
    assert [entry["event"] for entry in logs] == ["page_not_joined"]
    parts = await get(Page(web_folder), "index.html")
    assert body(parts) == body(answer)


async def test_a_module_that_is_used_later_comes_joined_or_by_itself(web_folder: Path) -> None:
    page = Page(web_folder)
    assert b"joined[" in body(await get(page, "joined/later.js"))
    assert b"joined[" not in body(await get(page, "later.js"))
    for name in ("joined/style.css", "joined/none.js", "joined/", "joined/../later.js"):
        with pytest.raises(web.HTTPNotFound):
            await get(page, name)
