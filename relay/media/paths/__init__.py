"""How datagrams come and go, and what they have to be before a link is up.

- ``transport``   the one UDP socket and its slots, and the socket that runs everywhere
- ``batch``       the quick one: system calls for whole batches
- ``dual``        one for each family, and whichever kind a platform has
- ``mmsg``        what the system has for that
- ``bridge``      to another process of this machine, for partners whose links are there
- ``batch_bridge``  the quick one of these
- ``trunk``       to workers of other nodes, encrypted
- ``window``      which of its datagrams have come already
- ``candidates``  the addresses that the relay announces, and to whom
- ``landing``     where what came over TCP reaches the plane
- ``ice``         connectivity checks, read and answered
- ``path``        the peer's addresses: which are proven, and which one is used
- ``dtls``        what is sound of a peer's handshake
- ``idle``        cores kept awake, so that a packet finds them so
"""
