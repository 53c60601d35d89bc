"""The table of commands."""

from collections.abc import Callable
from typing import Annotated

import typer

from otherlight import __version__
from otherlight.cli import audit, demo, doctor, info, learning, plans, sets, verdicts, view
from otherlight.cli.command import command

app = typer.Typer(
    name="otherlight",
    help="Your labelled images, in another light: translate them, train with them, and learn "
    "honestly whether it helped.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

COMMANDS: dict[str, Callable[..., None]] = {
    "demo": demo.demo,
    "world": sets.world,
    "import": sets.import_,
    "select": sets.select,
    "export": sets.export,
    "info": info.info,
    "view": view.view,
    "doctor": doctor.doctor,
    "list": sets.list_,
    "train": learning.train,
    "translate": learning.translate,
    "audit": audit.audit,
    "fit": learning.fit,
    "evaluate": learning.evaluate,
    "detect": learning.detect,
    "compare": verdicts.compare,
    "report": verdicts.report,
    "verify": verdicts.verify,
    "run": plans.run,
}
for _name, _function in COMMANDS.items():
    app.command(_name)(command(_function))


def _print_version(asked: bool) -> bool:
    if asked:
        print(__version__)
        raise typer.Exit
    return asked


@app.callback()
def _options(  # pyright: ignore[reportUnusedFunction]
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the release."
        ),
    ] = False,
) -> None:
    del version
