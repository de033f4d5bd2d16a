"""Pure decisions of intake_api."""
