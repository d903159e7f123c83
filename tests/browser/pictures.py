"""Small PNG files: 64 colours are enough for a page."""

import io
from fractions import Fraction
from pathlib import Path

import av
from av.filter import Graph


def save(png: bytes, path: Path) -> None:
    """Write a screenshot with a palette of its own."""
    with av.open(io.BytesIO(png), "r") as container:
        frame = next(container.decode(video=0)).reformat(format="rgb24")
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1)
    )
    split = graph.add("split")
    palette = graph.add("palettegen", "max_colors=64:reserve_transparent=0")
    use = graph.add("paletteuse", "dither=none")
    sink = graph.add("buffersink")
    source.link_to(split)
    split.link_to(palette, 1)
    split.link_to(use, 0, 0)
    palette.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    graph.push(frame)
    graph.push(None)
    small = graph.pull()
    assert isinstance(small, av.VideoFrame)
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt = small.width, small.height, "pal8"
    encoder.time_base = Fraction(1)
    encoder.options = {"compression_level": "9", "pred": "none"}
    path.write_bytes(
        b"".join(bytes(packet) for packet in [*encoder.encode(small), *encoder.encode(None)])
    )
