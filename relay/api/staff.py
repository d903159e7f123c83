"""Operators, added and removed by an admin; and what a person may ask for of its own data."""

import structlog
from aiohttp import web

from relay.api import asking, cases, orders, telling
from relay.api.operator import OPERATOR
from relay.api.operators import MAX_OPERATORS, OWN, Operators
from relay.records import Party
from relay.safety import Safety

_log = structlog.get_logger()


class Staff:
    """The endpoints.

    :param operators: the table of them.
    """

    def __init__(self, safety: Safety, operators: Operators) -> None:
        self._safety = safety
        self._records = safety.records
        self._operators = operators

    async def list_operators(self, _: web.Request) -> web.Response:
        """Answer with all operators, and no token."""
        await self._operators.refresh()
        told = [telling.operator(each) for each in self._operators.all()]
        return asking.answer(cases.OperatorList(operators=told))

    async def add_operator(self, request: web.Request) -> web.Response:
        """Add one, and answer with its token; 409 when the name is taken."""
        order = await asking.body(request, orders.NewOperator)
        if not self._operators.has_room():
            raise web.HTTPConflict(text=f"there are {MAX_OPERATORS} operators already")
        token = await self._operators.add(order.name, order.role)
        if token is None:
            raise web.HTTPConflict(text=f"the name {order.name!r} is taken")
        _log.info("operator_added", name=order.name, role=order.role, by=request[OPERATOR].name)
        return asking.answer(cases.AddedOperator(name=order.name, role=order.role, token=token))

    async def remove_operator(self, request: web.Request) -> web.Response:
        """Remove one: its token and its logins open nothing from now on."""
        name = asking.id_of(request, "operator")
        if name == OWN:
            raise web.HTTPConflict(text="this is the server's own token; its settings hold it")
        if not await self._operators.remove(name):
            raise asking.unknown(request, "operator")
        _log.info("operator_removed", name=name, by=request[OPERATOR].name)
        return web.Response(status=204)

    async def export_privacy(self, request: web.Request) -> web.Response:
        """Answer with all that is stored about a visitor."""
        visitor = asking.id_of(request, "visitor")
        found = await self._records.everything(Party(visitor=visitor))
        _log.info("privacy_exported", by=request[OPERATOR].name)
        return asking.answer(telling.personal(visitor, found, self._safety.clock()))

    async def forget_privacy(self, request: web.Request) -> web.Response:
        """Have what is stored about a visitor be gone, as far as it may."""
        visitor = asking.id_of(request, "visitor")
        changed = await self._records.forget(Party(visitor=visitor))
        _log.info("privacy_forgotten", rows=changed, by=request[OPERATOR].name)
        return asking.answer(cases.Forgotten(changed=changed))
