"""libsrtp, by its private names.

It stands apart from :mod:`relay.seam`, with which aiortc comes, and a quarter of a second.
"""

import socket
from typing import Any

from pylibsrtp import _binding

srtp_ffi: Any = _binding.ffi
srtp_lib: Any = _binding.lib


def forget_srtp_stream(pointer: Any, ssrc: int) -> None:
    """Have an ``srtp_t`` free what it keeps for an SSRC; harmless when that is nothing."""
    srtp_lib.srtp_remove_stream(pointer, socket.htonl(ssrc))
