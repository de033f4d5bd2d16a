"""FHIR operations of plan_api, one file each."""
