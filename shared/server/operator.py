"""What only the operator may ask for: how the record is searched inside, and to index it anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.errors import Forbidden

if TYPE_CHECKING:
    from shared.server.request import Context


def refuse_all_but_operator(context: Context) -> None:
    """Check the right; while the server runs open, whoever reaches it is the operator.

    :raises Forbidden: to everybody else.
    """
    if not context.access.is_operator:
        raise Forbidden("Only the operator may ask for this.")
