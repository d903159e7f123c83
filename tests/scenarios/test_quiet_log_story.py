"""What one user can cause for ever at the cost of one place does not fill the log."""

from structlog.testing import capture_logs

from tests.support.party import Party


async def test_a_socket_that_is_lost_and_back_for_ever_is_told_now_and_then() -> None:
    party = Party()
    ann, _ = await party.pair("ann", "bob", can_resume=True)
    with capture_logs() as logged:
        for _ in range(20):
            await ann.lose_socket()
            await ann.come_back()
        told = [each["event"] for each in logged]
        assert told == ["user_interrupted", "user_resumed"] * 5
        party.now += 60
        await ann.lose_socket()
        await ann.come_back()
    last = {each["event"]: each["suppressed"] for each in logged[-2:]}
    assert last == {"user_interrupted": 15, "user_resumed": 15}
    assert party.lobby.tally.resumes == 21, "all are counted"


async def test_a_session_that_is_taken_over_for_ever_is_told_now_and_then() -> None:
    party = Party()
    ann, _ = await party.pair("ann", "bob", can_resume=True)
    with capture_logs() as logged:
        for _ in range(20):
            assert ann.resume() is not None
    assert [each["event"] for each in logged] == ["user_resumed"] * 5
