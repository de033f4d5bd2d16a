"""The change feed's consumers: reactions, timers and the outbound sender."""
