"""Very many texts in one piece of memory, each of which is seldom asked for."""

from array import array


class Texts:
    """Texts in their order.

    As objects they would take twice the memory; and living on among short-lived ones they would
    keep Python from giving back the memory of those.
    """

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("q", [0])

    def __len__(self) -> int:
        return len(self._ends) - 1

    def append(self, text: str) -> None:
        """Take one more, of any characters."""
        self._bytes += text.encode(errors="surrogatepass")
        self._ends.append(len(self._bytes))

    def of(self, number: int) -> str:
        """Hand out one.

        >>> texts = Texts()
        >>> for text in ("a", "", "bé"):
        ...     texts.append(text)
        >>> [texts.of(number) for number in range(len(texts))]
        ['a', '', 'bé']
        """
        start, end = self._ends[number], self._ends[number + 1]
        return self._bytes[start:end].decode(errors="surrogatepass")
