"""What an expression can end in instead of a result."""

from __future__ import annotations

from shared.fhir.errors import Malformed


class InvalidExpression(Malformed):
    """A FHIRPath expression cannot be read, or asks for what cannot be computed."""

    code = "invalid"


class TooCostlyExpression(InvalidExpression):
    """A FHIRPath expression takes more steps, or makes longer texts, than it may."""

    code = "too-costly"
