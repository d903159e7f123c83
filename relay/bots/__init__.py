"""Clients that join from outside, through the public protocol only.

- ``commands``     ``relay bot`` and ``relay load-test``
- ``bot``          a user without a browser; ``fleet`` runs several
- ``client``       the signalling: one WebSocket, typed messages
- ``peer``         a full WebRTC endpoint (aiortc) that reports what it receives
- ``arrivals``     when packets came, told in transport-wide feedback
- ``tracks``       what it sends: a generated picture and tone, or a media file
- ``picture``      a picture that says from its pixels which frame it is, and when it was made
- ``tone``         tones, made and read back
- ``report``       what a bot saw and heard

And for load and tests, without codecs:

- ``thin``         the cheapest real WebRTC endpoint: packets in and out
- ``description``  its SDP, and what it reads out of the other side's
- ``checks``       its ICE connectivity checks, as bytes
- ``datagrams``    the pipe under its DTLS
- ``load``         many pairs of them, and what they measure
"""
