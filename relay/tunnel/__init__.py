"""Media over TCP: each connection that carries some is a tunnel to the media plane's UDP port.

- ``framing``      where datagrams begin and end in a stream
- ``stun``         STUN messages, read and written
- ``turn``         a TURN server for one connection, which relays to this server alone
- ``credentials``  names and passwords that are good for a while
"""
