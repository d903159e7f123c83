"""The private names of aiortc and aioice that the bots' part of the seam leans on."""

import inspect

from aioice import Connection
from aioice.ice import StunProtocol
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceGatherer, RTCIceTransport


def test_dtls_transport_keeps_its_srtp_sessions_and_its_task() -> None:
    source = inspect.getsource(RTCDtlsTransport)
    for name in ("self._rx_srtp", "self._tx_srtp", "self._task"):
        assert f"{name} = " in source or f"{name}: " in source, name


def test_ice_gatherer_keeps_its_connection() -> None:
    assert "self._connection = Connection(" in inspect.getsource(RTCIceGatherer)


def test_ice_connection_gathers_a_component_at_given_addresses() -> None:
    parameters = inspect.signature(Connection.get_component_candidates).parameters
    assert list(parameters)[:3] == ["self", "component", "addresses"]
    gather = inspect.getsource(Connection.gather_candidates)
    assert "self.get_component_candidates(component=component, addresses=addresses)" in gather


def test_dtls_transport_takes_and_sends_packets_through_two_methods() -> None:
    assert list(inspect.signature(RTCDtlsTransport._handle_rtp_data).parameters) == [
        "self",
        "data",
        "arrival_time_ms",
    ]
    receive = inspect.getsource(RTCDtlsTransport._recv_next)
    assert "await self._handle_rtp_data(data, arrival_time_ms=arrival_time_ms)" in receive
    assert list(inspect.signature(RTCDtlsTransport._send_rtp).parameters) == ["self", "data"]
    assert "protect_rtcp(data)" in inspect.getsource(RTCDtlsTransport._send_rtp)


def test_ice_knows_the_pair_that_is_used_and_its_socket() -> None:
    assert "self._nominated: dict[int, CandidatePair] = {}" in inspect.getsource(Connection)
    assert "self._nominated.get(component)" in inspect.getsource(Connection.sendto)
    assert "transport" in StunProtocol.__annotations__
    assert "self._connection = " in inspect.getsource(RTCIceTransport.__init__)
    assert "await self._handle_rtp_data(" in inspect.getsource(RTCDtlsTransport._recv_next)
