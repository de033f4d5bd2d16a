"""A referral between two servers: what is sent to the partner's, and what comes back."""
