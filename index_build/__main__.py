"""``python -m scankin.index_build`` is ``scankin-index``."""

from scankin.index_build.cli import main

main()
