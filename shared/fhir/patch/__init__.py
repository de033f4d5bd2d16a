"""Patches of one resource, as pure functions on trees: JSON Patch, FHIRPath Patch, what both keep.

https://hl7.org/fhir/R4/http.html#patch
"""
