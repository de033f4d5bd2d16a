"""FHIR over HTTP to the sibling services and to partners."""
