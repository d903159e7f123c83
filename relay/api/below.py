"""Routes below a path: of a server that has not its host for itself."""

from collections.abc import Iterable

from aiohttp import web


def below(path: str, routes: Iterable[web.RouteDef]) -> list[web.RouteDef]:
    """The same routes, each below a path that has a slash at both ends."""
    return [
        web.route(route.method, path + route.path[1:], route.handler, **route.kwargs)
        for route in routes
    ]


def front_door(path: str) -> list[web.RouteDef]:
    """Leads from the path without its last slash to the page."""
    if path == "/":
        return []

    async def add_slash(_: web.Request) -> web.Response:
        raise web.HTTPPermanentRedirect(path)

    return [web.get(path.removesuffix("/"), add_slash)]
