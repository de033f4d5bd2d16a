"""A handoff to aftercare: the document that goes along, and the referral, Task and clocks of it."""
