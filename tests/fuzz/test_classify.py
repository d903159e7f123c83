"""Answers of any bytes are a score, no picture, or a failure."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from relay.classify.program import score_in
from relay.classify.watch import webp_of
from relay.classify.wire import MAX_PIXELS
from relay.classify.worker import decoded
from relay.errors import ClassifierFailed

_HEAD = b"\x50\x01\x00\x9d\x01\x2a"


@given(st.one_of(st.binary(max_size=64), st.from_regex(rb"[-+]?[0-9.e_infa]{1,12}\n")))
def test_any_answer_is_a_score_or_refused(line: bytes) -> None:
    with contextlib.suppress(ClassifierFailed):
        score = score_in(line)
        assert score is None or 0.0 <= score <= 1.0


@given(
    st.one_of(
        st.binary(max_size=64),
        st.builds(
            lambda size, rest: _HEAD + size + rest, st.binary(min_size=4, max_size=4), st.binary()
        ),
    )
)
def test_any_frame_is_a_picture_or_none(frame: bytes) -> None:
    webp = webp_of(frame)
    picture = decoded(webp) if webp is not None else None
    assert picture is None or picture.width * picture.height <= MAX_PIXELS
