"""Media over TCP: each connection that carries some is a tunnel to the media plane's UDP port.

- ``arrival``      a connection in the process that accepted it, until it is known where it goes
- ``plaintext``    pumps what came over TLS to the process that it is for
- ``handover``     what that process is told of a connection
- ``tunnels``      all tunnels of a media plane's process
- ``tunnel``       one: bytes outside, datagrams inside
- ``dialects``     what is said on one: ICE-TCP or TURN
- ``batch``        what tunnels read into and send from
- ``turn``         a TURN server for one connection, which relays to this server alone
- ``announced``    what clients are told of TURN servers
- ``credentials``  names and passwords that are good for a while
- ``stun``         STUN messages, read and written
"""
