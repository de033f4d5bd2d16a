"""How a person gets on: measures, attendance, hours and goals, for `Patient/$progress`."""
