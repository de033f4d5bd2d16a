"""Pure decisions of plan_api."""
