"""What protects strangers from strangers: who is who without names, limits, reports, bans.

- ``identity``   who somebody is, without a name; ``visitors`` tells it of a request
- ``cookie``     by what a visitor is known again; ``keys`` are what signs it, and what hashes
                 addresses; ``keyfile`` has them on the disk, and
                 ``periods`` makes them of a cluster's secret
- ``codes``      what two bring each other together with: invitations, and meeting again
- ``arrivals``   how many may be here and come, of a visitor and of an address; ``work`` is what
                 somebody has to do who comes when many have
- ``haste``      who leaves partner after partner at once, and meets others like it
- ``texts``      chat that strangers get one after the other; ``shares`` says whose it is
- ``bans``       the bans in force, in memory
- ``rules``      when reports come to a ban without an operator, and how urgent they are
- ``orders``     what operators order, and what is counted; ``looks`` is that of pictures
- ``findings``   what there is to know of somebody, and what came of what it did
- ``hearers``    who is told of reports, decisions and bans
- ``service``    takes reports, blocks and appeals, and keeps the table of bans
- ``decisions``  what operators decide
"""

from relay.safety.bans import is_about
from relay.safety.decisions import Decisions
from relay.safety.findings import Filed, Known, shown_appeal
from relay.safety.identity import NOBODY, Identity, identity_of, tokens_of
from relay.safety.looks import Looks
from relay.safety.orders import BanOrder, SafetyTally
from relay.safety.rules import BanRules, urgency
from relay.safety.service import REPORTS_BURST, REPORTS_PER_S, Safety

__all__ = [
    "NOBODY",
    "REPORTS_BURST",
    "REPORTS_PER_S",
    "BanOrder",
    "BanRules",
    "Decisions",
    "Filed",
    "Identity",
    "Known",
    "Looks",
    "Safety",
    "SafetyTally",
    "identity_of",
    "is_about",
    "shown_appeal",
    "tokens_of",
    "urgency",
]
