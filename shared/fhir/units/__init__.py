"""Units of measure, so that quantities in different ones can be compared."""

from shared.fhir.units.canonical import UCUM, CanonicalUnit, canonical_unit

__all__ = ["UCUM", "CanonicalUnit", "canonical_unit"]
