"""pyarrow's compute functions, which are made at run time and unknown to type checkers."""

from typing import Any

import pyarrow.compute

compute: Any = pyarrow.compute
"""``pyarrow.compute``, untyped."""
