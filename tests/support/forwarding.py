"""A forwarder over a fake socket, and users at real SRTP's other ends."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from pylibsrtp import Policy, Session

from relay.media.forwarder import Forwarder
from relay.media.link import Link
from relay.media.negotiation.sdp import read
from relay.seam import LinkCertificate
from tests.support.fake_socket import FakeSocket
from tests.support.packets import (
    BINDING_REQUEST,
    KEYFRAME,
    Rtcp,
    Rtp,
    check,
    read_rtcp,
    read_rtp,
    rtp,
    success,
)

A, B, C = ("192.0.2.1", 1111), ("192.0.2.2", 2222), ("192.0.2.3", 3333)
D, E = ("2001:db8::4", 4444), ("2001:db8::5", 5555)

CERTIFICATE = LinkCertificate.generateCertificate()


class Caller:
    """One user: the relay's link, and the user's own ends of SRTP."""

    def __init__(self, port: Port, name: str, offer: str) -> None:
        self.port = port
        self.link = Link(name, port.socket, CERTIFICATE, (), port.now)
        self.link.agree(read(offer))
        self.told: list[bytes] = []
        self.link.downlink.send_rtcp = self.told.append
        self.uplink, self.downlink = self.link.uplink, self.link.downlink
        self._sessions: list[Session] = []
        port.forwarder.add(self.link)

    def secure(self) -> None:
        """Do what DTLS does: agree on keys both ways."""
        up, down = secrets.token_bytes(28), secrets.token_bytes(28)
        self._sessions = [srtp_session(up, out=True), srtp_session(down, out=False)]
        ours = [srtp_session(up, out=False), srtp_session(down, out=True)]
        self._sessions += ours
        self.uplink.rx, self.downlink.tx = (session._srtp[0] for session in ours)

    def check(
        self, address: tuple[str, int], *, nominate: bool = True, answers: bool = True
    ) -> list[tuple[object, bytes]]:
        """Check, and answer the relay's own checks; returns the rest of what is heard then."""
        said = self.port.hear(address, self.written_check(nominate=nominate))
        return self.answer(said) if answers else said

    def written_check(self, *, nominate: bool = True) -> bytes:
        """A check of the present credentials."""
        credentials = self.link.credentials
        return check(f"{credentials.ufrag}:peer", credentials.password, nominate=nominate)

    def answer(self, heard: list[tuple[object, bytes]]) -> list[tuple[object, bytes]]:
        """Answer the relay's checks among these datagrams from where they came to.

        :returns: what is none, and what is heard because of the answers.
        """
        rest = []
        for address, data in heard:
            if data[:2] == BINDING_REQUEST:
                password = self.link.uplink.terms.password
                rest += self.answer(self.port.hear(address, success(data, password)))
            else:
                rest.append((address, data))
        return rest

    def rtp(self, packet: bytes) -> bytes:
        return self._sessions[0].protect(packet)

    def rtcp(self, packet: bytes) -> bytes:
        return self._sessions[0].protect_rtcp(packet)

    def opens(self, datagrams: list[tuple[object, bytes]]) -> list[bytes]:
        """What was sent to this user's address, all of it RTP, decrypted."""
        mine = [data for address, data in datagrams if address == self.link.address]
        return [self._sessions[1].unprotect(data) for data in mine]

    def hears(self, datagrams: list[tuple[object, bytes]]) -> list[Rtp]:
        """The same, read."""
        return [read_rtp(data) for data in self.opens(datagrams)]

    def opens_rtcp(self, datagrams: list[tuple[object, bytes]]) -> list[bytes]:
        """What was sent to this user's address, all of it RTCP, decrypted."""
        mine = [data for address, data in datagrams if address == self.link.address]
        return [self._sessions[1].unprotect_rtcp(data) for data in mine]

    def hears_rtcp(self, datagrams: list[tuple[object, bytes]]) -> list[Rtcp]:
        """The same, read."""
        return [part for data in self.opens_rtcp(datagrams) for part in read_rtcp(data)]


def srtp_session(key: bytes, *, out: bool) -> Session:
    """As links have them."""
    kind = Policy.SSRC_ANY_OUTBOUND if out else Policy.SSRC_ANY_INBOUND
    policy = Policy(key, kind, srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM)
    policy.window_size = 1024
    return Session(policy)


class Port:
    """A forwarder with its clock and its socket."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.socket = FakeSocket()
        self.flowing: list[str] = []
        self.on_flowing: Callable[[str], None] = self.flowing.append
        self.showing: list[str] = []
        self.forwarder = Forwarder(self.socket, lambda: self.now, self._tell, self.showing.append)

    def _tell(self, user_id: str) -> None:
        self.on_flowing(user_id)

    @property
    def drops(self) -> dict[str, int]:
        return dict(self.forwarder.drops)

    def join(self, name: str, offer: str, address: tuple[str, int]) -> Caller:
        """A user whose link is up at ``address``."""
        caller = Caller(self, name, offer)
        caller.check(address)
        caller.secure()
        self.socket.taken()
        return caller

    def hear(self, address: Any, *datagrams: bytes) -> list[tuple[object, bytes]]:
        """Have datagrams arrive; returns what was sent because of them."""
        self.socket.waiting += [(address, data) for data in datagrams]
        self.forwarder.on_readable()
        return list(self.socket.taken())


def audio(number: int, ssrc: int = 1, **fields: Any) -> bytes:
    """A packet of sound, as Chromium numbers its type."""
    return rtp(ssrc, number, payload_type=111, **fields)


def video(number: int, payload: bytes = KEYFRAME, ssrc: int = 2) -> bytes:
    """A packet of a picture."""
    return rtp(ssrc, number, payload=payload)
