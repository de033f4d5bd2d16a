"""FHIR over HTTP: requests, dispatch and one file per interaction."""
