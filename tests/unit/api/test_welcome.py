"""Which texts the page's welcome may be."""

from pathlib import Path

import pytest

from relay.api.page import folder
from relay.api.welcome import MAX_WELCOME_BYTES, read_welcome


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"Be kind.\n", "Be kind.\n"),
        (b"one\r\n\ttwo", "one\r\n\ttwo"),
        ("Sé amable: ¡hola! 👋".encode(), "Sé amable: ¡hola! 👋"),
        (
            "\u200f(שלום) \U0001f469\u200d\U0001f4bb".encode(),
            "\u200f(שלום) \U0001f469\u200d\U0001f4bb",
        ),
        (b"\xef\xbb\xbfwritten on Windows", "written on Windows"),
        (b"<b>not markup</b>", "<b>not markup</b>"),
        ("a" * MAX_WELCOME_BYTES, "a" * MAX_WELCOME_BYTES),
    ],
)
def test_text_is_taken_as_it_is(tmp_path: Path, content: bytes | str, text: str) -> None:
    path = tmp_path / "welcome.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert read_welcome(path) == text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n\t ", "is empty"),
        (b"\x89PNG\r\n", "is not in UTF-8"),
        ("Grüße".encode("latin-1"), "is not in UTF-8"),
        (b"a\0b", "is no plain text"),
        (b"\x1b[31mred", "is no plain text"),
        (b"a" * (MAX_WELCOME_BYTES + 1), f"is longer than {MAX_WELCOME_BYTES} bytes"),
    ],
)
def test_anything_else_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "welcome.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"^{said}$"):
        read_welcome(path)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^cannot be read: no such file or directory$"):
        read_welcome(tmp_path / "none")
    with pytest.raises(ValueError, match=r"^cannot be read: is a directory$"):
        read_welcome(tmp_path)


def test_the_page_brings_one() -> None:
    assert read_welcome(folder() / "welcome.txt")
