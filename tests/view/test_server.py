"""The server of the page: real requests, good ones and hostile ones."""

import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from viewing import served, street, written

from otherlight.errors import BusyError
from otherlight.sets import build_set
from otherlight.view.album import Album
from otherlight.view.server import Server


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def get(
    server: Server, path: str, method: str = "GET", host: str | None = None, **headers: str
) -> Reply:
    line = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    line.putrequest(method, path, skip_host=True)
    line.putheader("Host", f"127.0.0.1:{server.server_port}" if host is None else host)
    for name, value in headers.items():
        line.putheader(name.replace("_", "-"), value)
    line.endheaders()
    answer = line.getresponse()
    reply = Reply(answer.status, dict(answer.getheaders()), answer.read())
    line.close()
    return reply


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(Album(street(tmp_path_factory.mktemp("street")), seconds=1.0)) as server:
        yield server


def where(server: Server, expression: str) -> Reply:
    return get(server, "/images?where=" + quote(expression))


def test_the_page_names_the_set_and_asks_nobody_else(server: Server):
    page = get(server, "/")
    assert page.status == 200
    assert b"<title>street</title>" in page.body
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert policy != get(server, "/").headers["Content-Security-Policy"]
    assert b"http://" not in page.body.replace(b"http://www.w3.org/2000/svg", b"")


def test_no_other_page_may_use_what_is_sent(server: Server):
    for path in ("/", "/images", "/image?row=0", "/thumbnail?row=0", "/nothing"):
        headers = get(server, path).headers
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert not [name for name in headers if name.startswith("Access-Control")]


def test_images_come_in_pages(server: Server):
    page = get(server, "/images?first=10&count=5").json()
    assert (page["total"], page["of"], page["first"]) == (60, 60, 10)
    assert [row["image"] for row in page["rows"]] == [f"{n:03}.jpg" for n in range(10, 15)]
    row = page["rows"][0]
    assert (row["width"], row["height"], row["count"]) == (320, 180, 3)
    assert sorted(row["boxes"])[0] == ["car", 20.0, 40.0, 80.0, 120.0, False]


def test_a_filter_chooses_images(server: Server):
    page = where(server, "timeofday = 'night' AND n_traffic_light > 0").json()
    assert page["total"] == 19
    assert [row["row"] for row in page["rows"]][:3] == [3, 6, 9]


def test_an_image_is_told_whole(server: Server):
    found = get(server, "/image?row=5").json()
    assert found["columns"]["sequence"] == "drive0"
    assert found["attributes"] == {"camera": "front <b>"}
    assert [box["label"] for box in found["details"]] == ["car", "traffic light", "car"]
    assert found["beside"] is None


def test_pixels_come_as_jpeg(server: Server):
    small = get(server, "/thumbnail?row=7")
    assert small.headers["Content-Type"] == "image/jpeg"
    assert Image.open(io.BytesIO(small.body)).size == (320, 180)
    large = Image.open(io.BytesIO(get(server, "/picture?row=7").body))
    assert large.size == (320, 180)
    red, green, blue = large.getpixel((160, 90))  # pyright: ignore[reportGeneralTypeIssues]
    assert (red, green, blue) == pytest.approx((28, 120, 200), abs=6)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8077", "127.0.0.1.evil.example", "localhost.evil.example:80",
     "127.0.0.1:80@evil.example", "[::1].evil.example", "", "127.0.0.1:", "0.0.0.0:8077",
     "2130706433"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/images", "/thumbnail?row=0"])
def test_another_name_for_this_machine_gets_nothing(server: Server, host: str, path: str):
    reply = get(server, path, host=host)
    assert reply.status == 403
    assert reply.json() == {"error": "This page answers under the names of this machine alone."}


def test_a_second_host_gets_nothing(server: Server):
    assert get(server, "/images", HOST="evil.example").status == 403


@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1", "[::1]:8077"])
def test_the_names_of_this_machine_are_answered(server: Server, host: str):
    assert get(server, "/images", host=host).status == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_in_the_browser_gets_nothing(server: Server, site: str):
    assert (
        get(server, "/thumbnail?row=0", Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors").status == 403
    )
    assert get(server, "/", Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate").status == 200
    assert get(server, "/images", Sec_Fetch_Site="same-origin", Sec_Fetch_Mode="cors").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "BREW"])
def test_only_get_is_answered(server: Server, method: str):
    reply = get(server, "/images", method=method)
    assert (reply.status, reply.headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize(
    "path",
    ["/../set.json", "/..%2f..%2fetc/passwd", "/images/000.jpg", "//etc/passwd", "/%00",
     "/page.html.j2", "/thumbnail/../../etc/passwd", "file:///etc/passwd", "/picture/"],
)  # fmt: skip
def test_nothing_is_found_by_path(server: Server, path: str):
    assert get(server, path).status == 404


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/thumbnail?row=60", 404, "street has 60 images; there is no row 60."),
        ("/picture?row=999999999", 404, "there is no row 999999999"),
        ("/picture?row=9999999999999999999999", 400, "'row' must be a whole number"),
        ("/image?row=-1", 400, "'row' must be a whole number"),
        ("/image?row=../1", 400, "'row' must be a whole number"),
        ("/image?row=%D9%A3", 400, "'row' must be a whole number"),
        ("/image", 400, "'row' must be a whole number"),
        ("/images?first=1e3", 400, "'first' must be a whole number"),
        ("/images?" + "&".join(f"a{n}=1" for n in range(20)), 400, "at most 8 words"),
        ("/beside?row=0", 404, "No other set stands beside this one."),
    ],
)
def test_a_wrong_number_gets_a_sentence(server: Server, path: str, status: int, sentence: str):
    reply = get(server, path)
    assert reply.status == status
    assert sentence in reply.json()["error"]


def test_a_page_far_beyond_the_end_is_empty_and_a_page_has_an_end(server: Server):
    beyond = get(server, "/images?first=999999999&count=999999999").json()
    assert (beyond["rows"], beyond["total"]) == ([], 60)


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("timeofdy = 'day'", "there is no 'timeofdy'. Did you mean 'timeofday'?"),
        ("timeofday = ", "must be one SQL expression"),
        ("true); DROP TABLE kept_rows; --", "must be one SQL expression"),
        ("(SELECT content FROM read_text('/etc/passwd')) IS NOT NULL", "cannot be evaluated"),
        ("(SELECT count(*) FROM read_csv('{file}')) > 0", "cannot be evaluated"),
        ("(SELECT count(*) FROM '{file}') > 0", "cannot be evaluated"),
        ("(SELECT count(*) FROM glob('/*')) > 0", "cannot be evaluated"),
        ("(" * 5000, "100 brackets within each other"),
        (
            "(SELECT count(*) FROM range(1000000000000)) > n_car",
            "must be answered within 1 seconds",
        ),
        ("repeat('x', 100000000000) = image", "cannot be evaluated"),
    ],
)
def test_a_bad_filter_gets_a_sentence(
    server: Server, tmp_path: Path, expression: str, sentence: str
):
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    reply = where(server, expression.replace("{file}", str(secret)))
    assert reply.status == 400
    assert sentence in reply.json()["error"]
    assert "root:" not in reply.json()["error"]
    assert where(server, "true").json()["total"] == 60


def test_what_is_no_http_is_refused_and_the_next_is_answered(server: Server):
    for said in (b"\x16\x03\x01\x00\xff\xff", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                 b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
                 b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 300 + b"\r\n"):  # fmt: skip
        with socket.create_connection(("127.0.0.1", server.server_port), timeout=20) as line:
            line.sendall(said)
            line.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda line=line: line.recv(65536), b""))
        assert b" 200 " not in answer.split(b"\r\n")[0]
        assert b"Traceback" not in answer
    assert get(server, "/images").status == 200


@settings(max_examples=60, deadline=None)
@given(
    path=st.sampled_from(["/", "/images", "/image", "/thumbnail", "/picture", "/beside", "/x"]),
    words=st.dictionaries(
        st.sampled_from(["where", "first", "count", "row", "x"]),
        st.text(max_size=12) | st.integers(-5, 10**12).map(str)
        | st.sampled_from(["n_car", "image", "1/0", "NULL", "'a'", "now()", "row", "*", "[1]"]),
    ),
)  # fmt: skip
def test_whatever_is_asked_gets_an_answer(server: Server, path: str, words: dict[str, str]):
    reply = get(server, f"{path}?{urlencode(words)}")
    assert reply.status in (200, 400, 404), reply.body
    assert reply.status == 200 or reply.json()["error"]


def test_a_name_is_never_taken_for_markup(tmp_path: Path):
    name = "</title></script><script>alert(1)</script>"
    images = build_set(name, [name], [{"image": "a.png"}], [], root=tmp_path)
    with served(Album(images)) as server:
        page = get(server, "/").body.decode()
    assert "alert(1)" in page
    assert "<script>alert" not in page
    assert page.count("</script>") == 2


def test_a_table_that_names_other_files_shows_none_of_them(tmp_path: Path):
    (tmp_path / "secret.jpg").write_text("root:x:0:0")
    (tmp_path / "bomb.png").write_bytes(bomb())
    os.mkfifo(tmp_path / "pipe.jpg")
    named = [
        "/etc/passwd",
        "secret.jpg",
        "bomb.png",
        "pipe.jpg",
        "/dev/zero",
        "gone.jpg",
        "a\0b.jpg",
        ".",
    ]
    rows = [{"image": f"{n}.jpg", "file": file} for n, file in enumerate(named)]
    with served(Album(build_set("odd", ["car"], rows, [], root=tmp_path))) as server:
        assert len(get(server, "/images").json()["rows"]) == len(named)
        for row in range(len(named)):
            for kind in ("thumbnail", "picture"):
                reply = get(server, f"/{kind}?row={row}")
                assert reply.status == 404, named[row]
                assert b"root:" not in reply.body
                assert reply.json()["error"].startswith(("There must be", "An image m"))


def bomb() -> bytes:
    """A PNG of 60,000 x 60,000 pixels in a few bytes."""
    import struct
    import zlib

    head = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    return b"\x89PNG\r\n\x1a\n" + chunk


def test_a_port_in_use_is_told(server: Server):
    with pytest.raises(BusyError, match=f"needs port {server.server_port} of 127.0.0.1"):
        Server(server.album, server.server_port)


def test_it_listens_to_this_machine_alone(server: Server):
    assert server.socket.getsockname()[0] == "127.0.0.1"


def run(*words: str, folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "otherlight", "view", *words],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_the_command_serves_until_it_is_interrupted(tmp_path: Path):
    written(tmp_path / "set", count=4)
    job = run("set", "--port", "0", "--no-browser", "--where", "n_car > 0", folder=tmp_path)
    assert job.stdout is not None
    first = job.stdout.readline()
    assert "street: 2 of 4 images at http://127.0.0.1:" in first
    port = int(first.split("127.0.0.1:")[1].split("/")[0])
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    line.request("GET", "/images?where=n_car%20%3E%200")
    assert json.loads(line.getresponse().read())["total"] == 2
    line.close()
    taken = run("set", "--port", str(port), "--no-browser", folder=tmp_path)
    assert taken.communicate(timeout=60)[1].startswith(f"otherlight: The page needs port {port}")
    assert taken.returncode == 1
    job.send_signal(signal.SIGINT)
    out, told = job.communicate(timeout=60)
    assert out.endswith("The page is closed; nothing was changed.\n")
    assert (job.returncode, told) == (0, "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "An image set is a folder with set.json; nowhere has none."),
        (["set", "--where", "n_cra > 0"], "there is no 'n_cra'. Did you mean 'n_car'?"),
        (["set", "--beside", "other"], "the images of the same names; other and street share none"),
    ],
)
def test_a_wrong_command_ends_with_a_sentence(tmp_path: Path, words: list[str], message: str):
    from typer.testing import CliRunner

    from otherlight.cli.app import app

    written(tmp_path / "set", count=3)
    from otherlight.sets import write_set

    write_set(build_set("other", [], [{"image": "z.png"}], [], root=tmp_path), tmp_path / "other")
    places = {name: str(tmp_path / name) for name in ("set", "other")}
    result = CliRunner().invoke(
        app, ["view", "--no-browser", "--port", "0", *(places.get(word, word) for word in words)]
    )
    assert result.exit_code == 1
    assert message in result.stderr
