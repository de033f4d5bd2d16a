"""Pure FHIR: reading, writing, references, validation and search; no I/O."""
