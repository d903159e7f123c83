"""What protects strangers from strangers: who is who without names, limits, reports, bans.

- ``identity``  who somebody is, without a name
"""

from relay.safety.identity import NOBODY, Identity, tokens_of

__all__ = ["NOBODY", "Identity", "tokens_of"]
