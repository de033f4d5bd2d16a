"""Reads what a server answered to a Bundle: one result for each entry that was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.client.answer import reasons_of

if TYPE_CHECKING:
    from shared.client import Answer
    from shared.fhir.reader import JsonObject


@dataclass(frozen=True, slots=True)
class Result:
    """The status of one entry, and the reasons of a refusal: its own, or the whole Bundle's."""

    status: int
    reasons: tuple[str, ...] = ()
    is_own: bool = True

    @property
    def is_refused(self) -> bool:
        """Whether nothing was stored."""
        return not 200 <= self.status < 300


def results(answer: Answer, sent: int) -> list[Result]:
    """Read the results of a Bundle that was taken, in the order of its entries.

    :raises Malformed: the answer is not a JSON object.
    """
    entries = answer.resource().get("entry") or []
    told = [_result(entry.get("response") or {}) for entry in entries[:sent]]
    return told + [Result(0, ("the server's answer leaves it out",))] * (sent - len(told))


def whole(answer: Answer, sent: int) -> list[Result]:
    """Give every entry of a refused Bundle its status, and the first one all the reasons."""
    reasons = tuple(f"{answer.status} {reason}" for reason in answer.reasons())
    return [Result(answer.status, reasons, is_own=False)] + [Result(answer.status)] * (sent - 1)


def _result(response: JsonObject) -> Result:
    # "201" or "201 Created".
    code = str(response.get("status", "")).partition(" ")[0]
    result = Result(int(code) if code.isascii() and code.isdigit() else 0)
    if not result.is_refused:
        return result
    reasons = reasons_of(response.get("outcome")) or ["no reason given"]
    return Result(result.status, tuple(f"{code} {reason}" for reason in reasons))
