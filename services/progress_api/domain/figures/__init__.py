"""The figures of a programme over a period, each with the resources that it counts."""
