"""``python -m scankin.api`` is ``scankin``."""

from scankin.api.cli import main

main()
