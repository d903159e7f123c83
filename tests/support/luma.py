"""What :func:`relay.bots.picture.read` reads, of a decoded frame."""

import av
import numpy as np
from numpy.typing import NDArray


def luma(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """The brightness of a frame's pixels, which come first in yuv420p and are all in gray."""
    return np.asarray(frame.to_ndarray()[: frame.height], np.uint8)
