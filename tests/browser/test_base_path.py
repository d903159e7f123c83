"""The page and the dashboard, below a path of their host."""

from tests.browser.conftest import Arrive, SitDown, StartServer
from tests.browser.visitor import together

TOKEN = "the-operators-token"


async def test_two_meet_and_an_operator_sees_that(
    start_server: StartServer, arrive: Arrive, sit_down: SitDown
) -> None:
    server = await start_server("--base-path", "/chat/", "--operator-token", TOKEN)
    assert server.url.endswith("/chat")
    anna, berta = await arrive(server), await arrive(server)
    assert anna.page.url == f"{server.url}/"
    await together(anna.press("Start"), berta.press("Start"))
    await together(anna.sees_somebody(), berta.sees_somebody())
    desk = await sit_down(server.url, token=TOKEN)  # which asks for nothing but what is below
    await desk.is_live()
