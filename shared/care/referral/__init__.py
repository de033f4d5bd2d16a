"""Referrals between two parties: which step whoever may take from where, as data and as laws.

A Task with a business status of the table goes the whole way of BSeR and 360X; one without goes the
plain way of SDOH Clinical Care, where it is a handoff or the review of a referral.
"""

from __future__ import annotations

from shared.care.referral.laws import LAWS
from shared.care.referral.task import HANDOFF, REVIEW, is_handoff

__all__ = ["HANDOFF", "LAWS", "REVIEW", "is_handoff"]
