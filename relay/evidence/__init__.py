"""What is kept of a call that was reported: sealed, so that only the operators' key opens it.

- ``freezer``   takes the last pictures and the chat of both, and has them sealed and stored
- ``chat``      the last lines of a room
- ``package``   what is kept, as it is written down before it is sealed
- ``webp``      a VP8 key frame is a picture, once it is in the right container
- ``seal``      the key pair; to seal for its public half, and to open with the other
- ``keyfiles``  where the two halves of the key are
- ``piece``     a sealed package with its place in the chain, as it is handed out
- ``export``    an opened one as files, with a manifest, for authorities
"""

from relay.evidence.chat import ChatLog, Line
from relay.evidence.package import Package, Shot, Side
from relay.evidence.piece import Piece
from relay.evidence.seal import PublicKey, make_keys

__all__ = [
    "ChatLog",
    "Line",
    "Package",
    "Piece",
    "PublicKey",
    "Shot",
    "Side",
    "make_keys",
]
