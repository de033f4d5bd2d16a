"""What should happen: plans, goals, teams, schedules; owns CarePlan."""
