"""The command line: ``tertulia --help``. It shows and asks; everything else is done below."""

from tertulia.cli.app import app

__all__ = ["app"]
