"""Where the command begins. While it is loaded, Ctrl-C ends it without a word."""

import signal


def main() -> None:
    """Load the commands, and carry one out."""
    heard = signal.getsignal(signal.SIGINT)
    if heard is signal.default_int_handler:  # where it is ignored, it stays so
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from tertulia.cli import app

    if heard is signal.default_int_handler:
        signal.signal(signal.SIGINT, heard)
    app()


if __name__ == "__main__":
    main()
