"""The local server of a page: loopback only, GET only, its own origin only, nothing by path.

A web page elsewhere could ask a server on this machine for things: by another name for 127.0.0.1
(DNS rebinding), or by an <img> or fetch across origins. The first is met by the Host header, the
second by what browsers say of a request's site, and by Cross-Origin-Resource-Policy.
"""

import json
import logging
import re
import secrets
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from otherlight.errors import BusyError, ImageError, OtherlightError
from otherlight.view.album import Album

ADDRESS = "127.0.0.1"
_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

Words = Mapping[str, str]
Answer = tuple[str, bytes]


class Server(ThreadingHTTPServer):
    """Serves one album; ``serve_forever`` until the caller shuts it down.

    Raises:
        BusyError: the port is taken.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, album: Album, port: int) -> None:
        self.album = album
        environment = Environment(
            loader=PackageLoader("otherlight.view", "."), autoescape=True, undefined=StrictUndefined
        )
        self.template: Template = environment.get_template("page.html.j2")
        try:
            super().__init__((ADDRESS, port), _Handler)
        except OSError as error:
            raise BusyError(
                f"The page needs port {port} of {ADDRESS}, which is not to be had "
                f"({error.strerror}). Give another with --port, or 0 for any that is free."
            ) from error

    def server_bind(self) -> None:
        """Bind without asking a name server for this machine's name, as HTTPServer would."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = ADDRESS, self.server_address[1]

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{ADDRESS}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of browsers that hang up."""
        logging.getLogger(__name__).debug("a request ended early", exc_info=True)


class _RefusedError(Exception):
    """A request that is answered with a status and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "otherlight", ""
    timeout = 30

    def parse_request(self) -> bool:
        """Let GET pass alone, whatever other words there are."""
        if not super().parse_request():
            return False
        if self.command != "GET":
            self.close_connection = True  # a body may follow, which nobody reads
            self._refuse(405, f"This page is read with GET; {self.command[:20]} came.")
            return False
        return True

    def do_GET(self) -> None:
        """Answer, or say in a sentence why not."""
        try:
            self._check_origin()
            kind, body = self._answer()
        except _RefusedError as refused:
            self._refuse(refused.status, str(refused))
        except ImageError as error:
            self._refuse(404, str(error))
        except OtherlightError as error:
            self._refuse(400, str(error))
        except Exception:
            logging.getLogger(__name__).exception("a request failed")
            self._refuse(500, "This request met an error of otherlight's own; please report it.")
        else:
            self._send(200, kind, body)

    def _check_origin(self) -> None:
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or not _LOOPBACK.fullmatch(hosts[0]):
            raise _RefusedError(403, "This page answers under the names of this machine alone.")
        site, mode = (self.headers.get(f"Sec-Fetch-{word}") for word in ("Site", "Mode"))
        if site in ("cross-site", "same-site") and mode != "navigate":
            raise _RefusedError(403, "This page answers to itself alone, not to other pages.")

    def _answer(self) -> Answer:
        split = urlsplit(self.path)
        route = _ROUTES.get(split.path)
        if route is None:
            raise _RefusedError(404, "There is no such page here.")
        try:
            words = parse_qs(split.query, keep_blank_values=True, max_num_fields=8)
        except ValueError as error:
            raise _RefusedError(400, "A request has at most 8 words.") from error
        return route(self.server, {name: values[-1] for name, values in words.items()})

    def _refuse(self, status: int, sentence: str) -> None:
        self._send(status, "application/json", _json({"error": sentence}))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no HTTP with a sentence too."""
        self.close_connection = True
        self._refuse(code, explain or message or "This is no request that can be answered.")

    def _send(self, status: int, kind: str, body: bytes) -> None:
        policy = _NOTHING
        if kind.startswith("text/html"):
            nonce = secrets.token_urlsafe(16)
            body = body.replace(_NONCE, nonce.encode())
            policy += (
                f"; img-src 'self' data:; connect-src 'self'; script-src 'nonce-{nonce}'; "
                f"style-src 'nonce-{nonce}'"
            )
        self.send_response(status)
        if status == 405:
            self.send_header("Allow", "GET")
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), **_HEADERS}
        for name, value in {**headers, "Content-Security-Policy": policy}.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the terminal quiet."""


_NONCE = secrets.token_urlsafe(16).encode()
"""Stands in the rendered page where each answer's own nonce goes."""


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def _number(words: Words, name: str, default: int | None = None) -> int:
    text = words.get(name)
    if text is None and default is not None:
        return default
    if text is None or not _NUMBER.fullmatch(text):
        raise _RefusedError(400, f"{name!r} must be a whole number of at most nine digits.")
    return int(text)


def _row(words: Words, album: Album) -> int:
    row = _number(words, "row")
    if row >= len(album.images):
        raise _RefusedError(404, f"{album.images.name} has {len(album.images)} images; there is no "
                            f"row {row}.")  # fmt: skip
    return row


def _page(server: Server, words: Words) -> Answer:
    del words
    page = server.template.render(about=server.album.about(), nonce=_NONCE.decode())
    return "text/html; charset=utf-8", page.encode()


def _images(server: Server, words: Words) -> Answer:
    first, count = _number(words, "first", 0), _number(words, "count", 48)
    return "application/json", _json(server.album.page(words.get("where", ""), first, count))


def _image(server: Server, words: Words) -> Answer:
    return "application/json", _json(server.album.image(_row(words, server.album)))


def _thumbnail(server: Server, words: Words) -> Answer:
    return "image/jpeg", server.album.pictures.thumbnail(_row(words, server.album))


def _picture(server: Server, words: Words) -> Answer:
    return "image/jpeg", server.album.pictures.large(_row(words, server.album))


def _beside(server: Server, words: Words) -> Answer:
    album = server.album.beside
    if album is None:
        raise _RefusedError(404, "No other set stands beside this one.")
    return "image/jpeg", album.pictures.large(_row(words, album))


_ROUTES: Mapping[str, Callable[[Server, Words], Answer]] = {
    "/": _page,
    "/images": _images,
    "/image": _image,
    "/thumbnail": _thumbnail,
    "/picture": _picture,
    "/beside": _beside,
}
