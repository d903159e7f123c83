"""The relay proper: links that end in the server, and packets forwarded between them undecoded.

One packet's way: ``transport`` and ``batch`` read a batch of datagrams into slots; ``forwarder``
tells STUN, DTLS and RTP apart, finds the ``link`` by the address that a check (``ice``) nominated,
and decrypts in place; the ``stream`` (on the user's ``uplink``) counts the packet and knows its
``route``; the route rewrites the header (``rtp``, ``numbering``) for an outlet of the partner's
``downlink``; the packet is encrypted in place and sent with its batch. RTCP goes the same way
through ``rtcp``, and what the relay tells of packets by itself comes from ``feedback``; what is
sound of a handshake goes through ``dtls`` to the link.

A ``flow`` is all routes from one user to another; the ``plane`` makes two flows for each pair. A
link is negotiated once: ``section`` takes apart what the user's side says and ``sdp`` reads it,
``description`` writes ours.
"""

from relay.media.plane import RelayPlane

__all__ = ["RelayPlane"]
