"""What is said before media flow: the peer's description and the relay's.

- ``section``      SDP as lines, and the attributes that count
- ``sdp``          what a peer's description says to a relay: its terms
- ``description``  the relay's own answer and offer
"""
