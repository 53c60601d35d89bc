"""``python -m otherlight``: the same as the command."""

from otherlight.cli import main

main()
