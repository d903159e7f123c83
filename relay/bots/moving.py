"""Going to another server, since the one that a client is at is about to be replaced."""

from collections.abc import Callable

from relay.bots.address import Trusted
from relay.bots.resuming import ResumingClient
from relay.errors import BotError
from relay.protocol.messages import Connected


async def begin_elsewhere(
    url: str, resumed: Callable[[], None], ssl: Trusted = True
) -> tuple[ResumingClient, Connected] | None:
    """Begin another session, at whichever server is behind the address and lets us in.

    :param resumed: and ``ssl``, as of :class:`ResumingClient`.
    :returns: None when none does.
    """
    client = ResumingClient(url, resumed, moves=True, ssl=ssl)
    try:
        await client.connect()
        return client, await client.expect(Connected)
    except BotError:
        await client.close()
        return None
    except BaseException:
        await client.close()
        raise
