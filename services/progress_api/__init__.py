"""What did happen: measures, attendance, trends; owns Observation."""
