"""The engine: FHIR, access, store, feed and server; it knows no service."""
