"""What goes between the server and the program that scores pictures.

A request is a length (4 bytes, the highest first) and a WebP picture of so many bytes; an answer is
a line: a number from 0 to 1, or ``none`` where there is no picture to be seen.
"""

import struct

LENGTH = struct.Struct("!I")
"""Begins a request."""

NO_PICTURE = b"none"
"""In place of a score."""

MAX_PIXELS = 2560 * 1600
"""Of a picture that is sent: a few bytes may claim 268 million, and unpacking those takes room."""

MAX_LINE_BYTES = 64
"""Of an answer."""
