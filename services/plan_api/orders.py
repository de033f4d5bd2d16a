"""Has intake_api, which owns orders, let the orders of a plan follow it.

What ended with a plan goes on with it when the plan comes into force again, as it had been.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.plan_api.domain import activation
from services.plan_api.domain.bundle import put, put_over, transaction
from services.plan_api.writing import seen
from shared.care.automatic import Act, provenance
from shared.feed.reaction import Event
from shared.feed.status_given import names, status_given
from shared.fhir.reader import read
from shared.fhir.writer import write
from shared.store.version import instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.feed.effects import Effects
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction


async def standing(requests: Sequence[Found], plan: JsonObject, tx: Transaction) -> list[Found]:
    """Give orders as a plan that is not over has them: those which had ended with it go on."""
    return [await _as_it_stood(each, f"CarePlan/{plan['id']}", tx) for each in requests]


async def _as_it_stood(request: Found, plan: str, tx: Transaction) -> Found:
    if request.content.get("status") not in activation.ENDED:
        return request
    given = await status_given(request, activation.POLICY, tx)
    if given is None or not ended_with(given.said, plan):
        return request
    return replace(request, content=request.content | {"status": given.before["status"]})


def ended_with(said: JsonObject, plan: str) -> bool:
    """Tell whether an order has ended with a plan, by what is said of its end.

    One that was written when all its plans were over has ended by its own event.
    """
    return names(said, plan) or names(said, "ServiceRequest")


def goes_on(request: Found) -> bool:
    """Tell whether an order stands otherwise than it is stored, for its plan goes on."""
    return request.version.body is not None and request.content != read(request.version.body)


async def order(requests: Sequence[Found], plan: JsonObject, effects: Effects) -> None:
    """Ask intake to make those active that are drafts as they were read, and let others go on."""
    wanted = [(e, "active") for e in requests if e.content.get("status") == "draft"]
    wanted += [
        (each, str(each.content["status"]))
        for each in requests
        if each.content.get("status") != "draft" and goes_on(each)
    ]
    # If somebody has changed one meanwhile, none is written: that change's own event leads here
    # again, and then it is all that are drafts still.
    await _ask(wanted, f"order/{plan['id']}", effects)


async def go_on(requests: Sequence[Found], plan: JsonObject, effects: Effects) -> None:
    """Let the orders of a plan that is not in force go on as they had been."""
    again = [(each, str(each.content["status"])) for each in requests if goes_on(each)]
    await _ask(again, f"order/{plan['id']}", effects)


async def end(requests: Sequence[Found], plan: JsonObject, effects: Effects) -> None:
    """Ask intake to end the orders of a plan that is over."""
    ended = [(each, activation.ended_order(each.content, plan)) for each in requests]
    changed = [(each, str(order["status"])) for each, order in ended if order is not None]
    await _ask(changed, f"orders-end/{plan['id']}", effects)


async def _ask(changed: Sequence[tuple[Found, str]], purpose: str, effects: Effects) -> None:
    if not changed:
        return
    # An order may be in two plans, and a person have two.
    purpose = f"{purpose}/{changed[0][0].key.id}"
    act = Act(
        targets=[each.reference for each, _ in changed],
        sources=[occasion(effects)],
        recorded=instant(effects.now),
        activity="UPDATE",
    )
    said = provenance(activation.POLICY, act) | {"id": effects.id_for(purpose)}
    entries = [put_over(seen(each), {"status": status}) for each, status in changed]
    body = write(transaction([*entries, put(said)]))
    await effects.send("intake", "POST", "", body=body, purpose=purpose)


def occasion(effects: Effects) -> str:
    """Refer to the version that leads here."""
    told = effects.occasion
    version = f"/_history/{told.version}" if isinstance(told, Event) else ""
    return f"{told.key}{version}"
