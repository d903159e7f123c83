"""What a cluster's secret is good for: keys, one for each purpose, the same on every node.

Pure, but for the time that it takes.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import SecretStr

_SALT = b"relay cluster"
_COST = 2**14  # 16 MB and some 50 ms, once: whoever guesses pays it for each guess


class Secret:
    """The secret of a cluster.

    Whoever connects to a node is shown a certificate that was made of it before it has shown one of
    its own, and so can try out secrets at home. Therefore it is stretched (RFC 7914).
    """

    def __init__(self, secret: SecretStr) -> None:
        self._stretched = _stretched(secret.get_secret_value())

    def key(self, purpose: str, size: int = 32) -> bytes:
        """A key for one purpose, from which no other can be told (RFC 5869).

        :param size: in bytes.
        """
        info = f"relay cluster: {purpose}".encode()
        return HKDF(hashes.SHA256(), size, None, info).derive(self._stretched)

    @property
    def mark(self) -> str:
        """What tells this secret from others, for Redis: 16 hexadecimal digits.

        Whoever reads it can try out secrets at home, as with a node's certificate.
        """
        return self.key("mark", 8).hex()


@lru_cache(maxsize=4)
def _stretched(secret: str) -> bytes:
    return Scrypt(_SALT, 32, _COST, 8, 1).derive(secret.encode())
