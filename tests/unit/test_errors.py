"""The error tree."""

from relay.errors import ProtocolError, RelayError, SdpError


def test_an_sdp_error_is_a_protocol_error_with_its_code() -> None:
    error = SdpError("no audio")
    assert isinstance(error, ProtocolError)
    assert isinstance(error, RelayError)
    assert (error.code, error.message) == ("bad_sdp", "no audio")
