"""More of the chat: where one reads, line breaks, emoji, pictures, reactions, who is new."""

import base64
import json
import os
import struct
import zlib
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive, Meet
from tests.browser.server import Server
from tests.browser.visitor import Visitor, until

SECRET = b"48.8584 N, 2.2945 E"


def png(width: int, height: int) -> bytes:
    """A picture with a place in its metadata."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        told = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + told

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    row = b"\0" + bytes(range(256)) * (width * 3 // 256) + bytes(width * 3 % 256)
    pixels = zlib.compress(row * height, 1)
    place = b"GPS\0" + SECRET
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            chunk(b"IHDR", head),
            chunk(b"tEXt", place),
            chunk(b"IDAT", pixels),
            chunk(b"IEND", b""),
        )
    )


async def choose(person: Visitor, file: Path) -> None:
    async with person.page.expect_file_chooser() as chooser:
        await person.press("Choose a picture")
    await (await chooser.value).set_files(file)


async def agree(anna: Visitor, berta: Visitor) -> None:
    await anna.press("Emoji and pictures")
    await anna.press("Send a picture")
    await expect(berta.page.locator("#exchange")).to_contain_text("wants to exchange pictures")
    await berta.press("Agree")
    await expect(anna.page.locator("#exchange")).to_contain_text("You can send each other")


async def test_new_lines_pull_nobody_away_from_what_they_read(meet: Meet) -> None:
    anna, berta = await meet()
    for number in range(4):  # fewer than may be said at once
        await berta.says(f"{number}" + "\nand so on" * 12)
    await expect(anna.page.locator(".line")).to_have_count(4)
    log, chip = anna.page.locator("#log"), anna.page.locator("#new-lines")

    async def below() -> int:
        return int(await log.evaluate("log => log.scrollHeight - log.scrollTop - log.clientHeight"))

    assert await below() < 32
    await expect(chip).to_be_hidden()
    await log.evaluate("log => { log.scrollTop = 0; }")
    await until(lambda: log.evaluate("log => log.scrollTop"), lambda top: top == 0)
    await berta.says("one more")
    await expect(chip).to_have_text("↓ 1 new message")
    await berta.says("and another")
    await expect(chip).to_have_text("↓ 2 new messages")
    assert await log.evaluate("log => log.scrollTop") == 0
    await chip.click()
    assert await below() < 32
    await expect(chip).to_be_hidden()


async def test_shift_and_enter_breaks_the_line(meet: Meet) -> None:
    anna, berta = await meet()
    field = anna.page.get_by_label("Message", exact=True)
    await field.press_sequentially("one")
    await field.press("Shift+Enter")
    await field.press_sequentially("two")
    await field.press("Enter")
    await expect(field).to_have_value("")
    text = berta.page.locator(".line .text")
    await expect(text).to_have_text("one\ntwo", use_inner_text=True)


async def test_emoji_are_found_and_put_where_one_writes(meet: Meet) -> None:
    anna, berta = await meet()
    await anna.page.get_by_label("Message", exact=True).fill("for you ")
    await anna.press("Emoji and pictures")
    await expect(anna.page.get_by_role("searchbox")).to_be_focused()  # it is loaded by now
    await anna.page.keyboard.type("corazon")
    await anna.page.keyboard.press("ArrowDown")
    await expect(anna.page.get_by_role("button", name="😍", exact=True)).to_be_focused()
    await (
        anna.page.get_by_role("group", name="Emoji")
        .get_by_role("button", name="❤️", exact=True)
        .click()
    )
    await anna.page.keyboard.press("Escape")
    await expect(anna.page.get_by_role("button", name="Emoji and pictures")).to_be_focused()
    await anna.reads("Connected")
    await anna.press("Send")
    await berta.hears("for you ❤️")


async def test_pictures_pass_when_both_agree_and_nothing_else_in_them(
    meet: Meet, tmp_path: Path
) -> None:
    holiday = tmp_path / "holiday.png"
    holiday.write_bytes(png(3000, 2000))
    anna, berta = await meet()
    await agree(anna, berta)
    await choose(anna, holiday)
    image = berta.page.get_by_role("img", name="Your partner's picture")
    await expect(image).to_be_visible()
    size, source = await image.evaluate(
        "image => [[image.naturalWidth, image.naturalHeight], image.src]"
    )
    assert size == [1280, 853]
    assert source.startswith("blob:")
    told = [json.loads(frame) for frame in berta.received if '"picture_part"' in frame]
    passed = b"".join(base64.b64decode(part["data"]) for part in told)
    assert passed.startswith(b"\xff\xd8")
    assert SECRET not in passed
    await expect(anna.page.get_by_role("img", name="Delivered")).to_have_count(1)
    await berta.press("No more pictures")
    await anna.reads("No more pictures for now")
    await expect(anna.page.locator("#exchange")).to_be_hidden()


@pytest.mark.parametrize("what", ["no picture", "50 MB"])
async def test_what_is_no_picture_is_not_sent(meet: Meet, tmp_path: Path, what: str) -> None:
    file = tmp_path / "holiday.jpg"
    file.write_bytes(b"<svg onload='window.xss=1'></svg>" * 50)
    if what == "50 MB":
        file.write_bytes(png(64, 48))
        os.truncate(file, 50_000_000)
    anna, berta = await meet()
    await agree(anna, berta)
    await choose(anna, file)
    await anna.reads("This file cannot be sent")
    await expect(berta.page.locator("#log .picture")).to_have_count(0)


async def test_a_picture_that_lies_is_shown_to_nobody(meet: Meet, tmp_path: Path) -> None:
    """The page would not send it: its head says 65500 by 65500."""
    holiday = tmp_path / "holiday.png"
    holiday.write_bytes(png(64, 48))
    anna, berta = await meet()
    await agree(anna, berta)
    await anna.page.evaluate(
        """() => {
          const send = WebSocket.prototype.send;
          WebSocket.prototype.send = function (text) {
            const told = JSON.parse(text);
            const lie = { part: 0, parts: 1, data: "/9j/wAARCP/c/9wDASIAAhEBAxEB" };
            const isPart = told.type === "picture_part";
            send.call(this, isPart ? JSON.stringify({ ...told, ...lie }) : text);
          };
        }"""
    )
    await choose(anna, holiday)
    await anna.reads("Your picture did not arrive")
    await expect(berta.page.locator("#log .picture")).to_have_count(0)


async def test_reactions_are_seen_by_both(meet: Meet) -> None:
    anna, berta = await meet()
    await anna.press("React")
    await anna.press("Applause")
    await expect(anna.page.locator(".reaction")).to_have_text("👏")
    await expect(berta.page.locator(".reaction")).to_have_text("👏")
    await expect(berta.page.locator("#reacted")).to_have_text("Your partner reacts: Applause")
    await expect(berta.page.locator(".reaction")).to_have_count(0)
    await anna.page.keyboard.press("Escape")
    await expect(anna.page.get_by_role("button", name="Applause")).to_be_hidden()
    await anna.reads("Connected")


async def test_a_mark_is_between_two_partners(server: Server, arrive: Arrive, meet: Meet) -> None:
    anna, berta = await meet()
    await berta.says("good bye")
    await anna.hears("good bye")
    clara = await arrive(server)
    await clara.press("Start")
    await berta.press("Stop")
    await anna.reads("Connected")
    await clara.says("hello")
    log = anna.page.locator("#log > p")
    await expect(log).to_have_count(3)
    await expect(log.nth(1)).to_have_text("Somebody new")
    await expect(log.nth(0)).to_have_attribute("data-former", "")
