"""How a question about terminology ends that has no answer here."""

from __future__ import annotations

from shared.fhir.errors import NotSupported


class CannotTell(NotSupported):
    """What the record and the definitions hold does not decide it: neither true nor false."""
