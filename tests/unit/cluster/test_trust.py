"""Handshakes in memory: who gets through, and who does not."""

import ssl

import pytest
from pydantic import SecretStr

from relay.cluster.greeting import NO_CERTIFICATE, NO_TLS, WRONG_SECRET, of_tls
from relay.cluster.secret import Secret
from relay.cluster.trust import trust

OURS = Secret(SecretStr("one that all the nodes share"))
THEIRS = Secret(SecretStr("another that nobody shares"))


class End:
    """One end of a handshake."""

    def __init__(self, context: ssl.SSLContext, *, is_server: bool) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=is_server)

    def go_on(self) -> None:
        try:
            self.tls.do_handshake()
            self.tls.read(1)
        except ssl.SSLWantReadError:
            return


def meet(calling: ssl.SSLContext, listening: ssl.SSLContext) -> tuple[End, End]:
    """Have two ends shake hands; raises as the one does that refuses first."""
    ends = End(calling, is_server=False), End(listening, is_server=True)
    for _ in range(4):
        for end, other in (ends, ends[::-1]):
            try:
                end.go_on()
            finally:
                other.incoming.write(end.outgoing.read())
    return ends


def refused(calling: ssl.SSLContext, listening: ssl.SSLContext) -> str:
    with pytest.raises(ssl.SSLError) as raised:
        meet(calling, listening)
    return of_tls(raised.value)


def test_two_nodes_of_one_cluster_speak_tls_1_3() -> None:
    one, other = meet(trust(OURS, "berlin").calling, trust(OURS, "paris").listening)
    assert one.tls.version() == other.tls.version() == "TLSv1.3"
    certificate = other.tls.getpeercert()
    assert certificate
    assert certificate["subject"] == ((("commonName", "berlin"),),)
    assert str(certificate["notBefore"]).endswith("1970 GMT")
    assert str(certificate["notAfter"]).endswith("9999 GMT")


def test_whoever_has_another_secret_is_refused_by_both_ends() -> None:
    ours, theirs = trust(OURS, "berlin"), trust(THEIRS, "paris")
    assert refused(ours.calling, theirs.listening) == WRONG_SECRET
    ours.calling.verify_mode = ssl.CERT_NONE  # who connects does not look
    assert refused(ours.calling, theirs.listening) == WRONG_SECRET


def test_whoever_shows_nothing_is_refused() -> None:
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.check_hostname, bare.verify_mode = False, ssl.CERT_NONE
    assert refused(bare, trust(OURS, "paris").listening) == NO_CERTIFICATE


def test_an_older_tls_is_refused() -> None:
    old = trust(OURS, "berlin").calling
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        meet(old, trust(OURS, "paris").listening)


def test_what_is_no_tls_is_told_from_it() -> None:
    end = End(trust(OURS, "paris").listening, is_server=True)
    end.incoming.write(b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises(ssl.SSLError) as raised:
        end.go_on()
    assert of_tls(raised.value) == NO_TLS
