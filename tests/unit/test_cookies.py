"""How a cookie is called, and where it is sent."""

from aiohttp import web

from relay.cookies import Cookie


def test_of_a_whole_host_nobody_else_can_set_it() -> None:
    assert Cookie("relay").secure_name == "__Host-relay"
    assert Cookie("relay", "/chat/").secure_name == "__Secure-relay"


def test_it_is_for_the_path_and_taken_back_by_both_names() -> None:
    cookie = Cookie("relay", "/chat/")
    response = web.Response()
    cookie.give(response, "v", lasts_s=9.5, samesite="Lax", is_secure=True)
    told = response.cookies["__Secure-relay"]
    assert (told.value, told["path"], told["max-age"], told["secure"]) == ("v", "/chat/", "9", True)
    cookie.take_back(response, "Lax")
    assert {name: each["max-age"] for name, each in response.cookies.items()} == {
        "relay": "0",
        "__Secure-relay": "0",
    }
    assert {each["path"] for each in response.cookies.values()} == {"/chat/"}
