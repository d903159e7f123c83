"""libsrtp by its private names: :mod:`relay.seam` without what takes a quarter of a second to import."""

import socket
from typing import Any

from pylibsrtp import _binding

srtp_ffi: Any = _binding.ffi
srtp_lib: Any = _binding.lib


def forget_srtp_stream(pointer: Any, ssrc: int) -> None:
    """Have an ``srtp_t`` free what it keeps for an SSRC; harmless when that is nothing."""
    srtp_lib.srtp_remove_stream(pointer, socket.htonl(ssrc))
