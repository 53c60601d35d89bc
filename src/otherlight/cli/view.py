"""`otherlight view`: a local page to leaf through a set."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from otherlight.cli.words import SetFolder


def view(
    images: SetFolder,
    where: Annotated[
        str, typer.Option(metavar="SQL", help="The filter to begin with; the page can change it.")
    ] = "",
    beside: Annotated[
        Path | None,
        typer.Option(metavar="SET", help="Show the images of the same names beside these."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8077,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only say where the page is.")
    ] = False,
) -> None:
    """Leaf through images and boxes in a local page; Ctrl-C ends it. Nothing is ever changed."""
    from otherlight.view.album import open_album
    from otherlight.view.server import Server

    album = open_album(images, beside)
    found = album.page(where, 0, 1)["total"]
    with Server(album, port) as server:
        url = server.url + (f"#{_encoded(where)}" if where else "")
        print(f"{album.images.name}: {found:,} of {len(album.images):,} images at {url}")
        print("Ctrl-C ends it.", flush=True)
        if not no_browser and _has_screen():
            _open(url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("\nThe page is closed; nothing was changed.")


def _encoded(where: str) -> str:
    from urllib.parse import urlencode

    return urlencode({"where": where})


def _has_screen() -> bool:
    """Without a screen, a browser in the terminal would take the terminal's place."""
    return sys.platform != "linux" or bool({"DISPLAY", "WAYLAND_DISPLAY"} & {*os.environ})


def _open(url: str) -> None:
    import webbrowser
    from threading import Thread

    Thread(target=webbrowser.open, args=(url,), daemon=True).start()
