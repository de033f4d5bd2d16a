"""Where a plan and the record disagree: pure rules about a plan in force."""
