"""A file of weights fetched from its address: whole, with the right hash, or given up in time."""

import hashlib
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from otherlight.records.files import writing

PATIENCE = 60.0
"""Seconds in which something must come, at the beginning and all along."""
_CHUNK = 1 << 20


def download(address: str, to: Path, sha256: str, patience: float = PATIENCE) -> None:
    """Fetch a file whose hash begins with ``sha256``, and write it whole or not at all.

    Raises:
        OSError: the server is not there, sends nothing for ``patience`` seconds, or another file.
    """
    try:
        request = Request(address, headers={"User-Agent": "otherlight"})
        with urlopen(request, timeout=patience) as answer, writing(to) as temporary:
            hasher = hashlib.sha256()
            with temporary.open("wb") as file:
                while chunk := answer.read(_CHUNK):
                    hasher.update(chunk)
                    file.write(chunk)
            if not hasher.hexdigest().startswith(sha256):
                raise OSError(f"what came has the hash {hasher.hexdigest()}")
    except (HTTPException, ValueError) as error:
        raise OSError(str(error) or type(error).__name__) from error
    except OSError as error:
        late = isinstance(error.reason if isinstance(error, URLError) else error, TimeoutError)
        if not late:
            raise
        raise TimeoutError(f"nothing came from it for {patience:g} seconds") from error
