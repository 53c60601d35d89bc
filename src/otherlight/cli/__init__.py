"""The command line: parse, call, print."""


def main() -> None:
    """Run one command of otherlight."""
    from otherlight.cli.app import app

    app(prog_name="otherlight")
