"""Clients that join from outside, through the public protocol only.

- ``commands``     ``relay bot``, ``relay load-test`` and ``relay check``, as far as the command
                   line goes
- ``address``      which server a command is about, and what opens its door
- ``fleet``        several bots at once; ``together`` ends all when one fails
- ``bot``          a user without a browser
- ``client``       its signalling: one WebSocket, typed messages
- ``work``         why it is not let in, and the work that it may have to do first
- ``resuming``     the same over one socket after the other, in one session; ``moving`` begins
                   another one at another server
- ``peer``         its WebRTC endpoint (aiortc), which reports what it receives
- ``tracks``       what it sends: a generated picture and tone, or a media file
- ``picture``      a picture that says from its pixels which frame it is, and when it was made
- ``tone``         tones, made and read back
- ``report``       what it saw and heard
- ``closing``      what is closed to its end, whatever happens meanwhile

And for load and tests, without codecs:

- ``check``        every way to a server, tried and measured
- ``load``         many pairs of cheap users, and what they measure
- ``thin``         the cheapest real WebRTC endpoint: packets in and out
- ``ice``          its way to the other side: a UDP socket, and the checks that keep it open
- ``checks``       those checks as bytes

For both kinds of endpoint:

- ``description``  SDP: what a thin peer writes and reads, and what is added to aiortc's
- ``arrivals``     when packets came, told in transport-wide feedback
"""
