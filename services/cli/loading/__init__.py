"""Loading files into a FHIR server: find, order, send, count."""
