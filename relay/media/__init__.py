"""The relay proper: links that end in the server, and packets forwarded between them undecoded.

Who does it, from the outside inwards; each knows those below it, and none above:

- ``plane``        one link a user, one pair a room
- ``pairs``        who is paired with whom, here or elsewhere
- ``bridgehead``   the ways to other planes, and what comes from there
- ``trunks``       those to other nodes: which there are, and whether anything comes
- ``upkeep``       what the plane's clock does for one link
- ``keeping``      the last picture of each user, while evidence is kept
- ``tapping``      who looks at whom
- ``view``         what operators see of links and their streams
- ``forwarder``    datagrams in, datagrams out: told apart, decrypted, rewritten, encrypted
- ``far``          stands in for a partner whose link is on another plane
- ``card``         what that plane has to tell of the partner
- ``checks``       connectivity checks, theirs and ours, and which link is at which address
- ``keyframes``    requests for them
- ``repairs``      packets that are sent again
- ``handshakes``   whose DTLS begins now, and who waits
- ``link``         one user's connection
- ``translation``  RTCP from one user to the partner
- ``flow``         all routes from one user to another; a pair has two
- ``crossing``     where streams go in place of a flow that is on another plane
- ``uplink``       what one user sends, and ``downlink`` what one user receives
- ``restoring``    the route of retransmissions, which may become the packets that they repeat
- ``unwrapping``   the route of sound that has earlier sound with it, which may go on without
- ``tapped``       a route whose packets are shown to somebody
- ``stand_in``     what stands in a stream's way for a while, as that does and ``gathering``
- ``route``        one stream's way to one outlet: what changes in each packet
- ``repeats``      what of one outlet can be sent again, and as what
- ``keeper``       keeps one user's last key frame, and ``gathering`` puts it together
- ``stream``       one SSRC that a user sends
- ``outlet``       one SSRC on which a user receives, whoever the partner is
- ``verdict``      what becomes of a packet
- ``budget``       what one user may cause, and what has come from one source
- ``meter``        rates, from counters that are read once a second
- ``pulse``        whether a user has gone quiet

And what they know, in rooms of its own:

- ``negotiation``  SDP
- ``feedback``     RTCP on the wire, and what it tells of packets
- ``paths``        sockets, addresses, ICE and DTLS
- ``packets``      RTP and VP8 on the wire, numberings and clocks

One packet's way: ``paths`` fill the slots of a batch; the ``forwarder`` finds the ``link`` by the
address that its path has, and decrypts in place; the ``stream`` counts the packet and
knows its ``route``, which rewrites the header for an ``outlet`` of the partner's ``downlink``; the
packet is encrypted in place and sent with its batch.

A process that carries no media imports what it needs to speak of it (``card``), and not the plane,
with which aiortc and its codecs come.
"""
