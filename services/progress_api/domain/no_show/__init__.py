"""What follows when a person does not come: calls, reviews, make-up sessions, and the risk."""
