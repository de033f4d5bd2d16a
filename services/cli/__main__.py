"""Lets `python -m services.cli` run the command line."""

from services.cli.main import run

run()
