"""What a relay knows of packets of media, bytes and numbers alone: nothing here waits or decides.

- ``rtp``        headers, and header extensions from one user's ids to another's
- ``red``        packets of sound in packets of sound
- ``vp8``        key frames, sizes, and the numberings in front of a frame
- ``numbering``  16-bit numbers that go on while what is numbered changes
- ``clocks``     a sender's times made the relay's
- ``gaps``       numbers that did not come: when each is asked for, and when given up
- ``history``    the last packets that went out, to be sent again
"""
