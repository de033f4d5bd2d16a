"""FHIR over HTTP to the sibling services and to partners."""

from shared.client.answer import Answer
from shared.client.client import FhirClient

__all__ = ["Answer", "FhirClient"]
