"""What calls for a look at a plan, and what warns of a relapse or of a person dropping out."""
