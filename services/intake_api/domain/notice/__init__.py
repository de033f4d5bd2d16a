"""What hospitals tell about stays: reading notices, ordering them, and what a set comes to."""
