"""What comes in: notices, referrals, matching, admission; owns Encounter."""
