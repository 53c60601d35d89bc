"""PASCAL VOC: pixels from 1 or from 0, flags, splits, and files that mean harm."""

from pathlib import Path

import pytest

from otherlight.datasets import ImportConfig, import_set
from otherlight.datasets.voc import parse_voc
from otherlight.errors import DatasetError

from .sources import SHARED, paint

OBJECT = """
<object><name>{name}</name><pose>Left</pose><truncated>1</truncated><difficult>{difficult}</difficult>
<bndbox><xmin>{left}</xmin><ymin>5</ymin><xmax>30</xmax><ymax>20.5</ymax></bndbox>
<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>
</object>
"""


def xml(*objects: str, filename: str = "a.jpg", size: str = "100") -> str:
    return (
        f"<annotation><filename>{filename}</filename><size><width>{size}</width>"
        f"<height>50</height><depth>3</depth></size>{''.join(objects)}</annotation>"
    )


def thing(name: str = "car", left: str = "11", difficult: int = 0) -> str:
    return OBJECT.format(name=name, left=left, difficult=difficult)


def voc(root: Path, **texts: str) -> Path:
    for seed, (stem, text) in enumerate(texts.items()):
        paint(root / "JPEGImages" / f"{stem}.jpg", seed=seed)
        (root / "Annotations").mkdir(exist_ok=True)
        (root / "Annotations" / f"{stem}.xml").write_text(text)
    return root


def test_the_official_layout(tmp_path: Path):
    source = voc(tmp_path / "in", a=xml(thing(), thing("bus", difficult=1)), b=xml())
    paint(source / "JPEGImages" / "c.jpg", seed=9)
    lists = source / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a\n")
    (lists / "val.txt").write_text("b  1\n\nc -1\n")
    got = import_set("voc", source, tmp_path / "out")
    assert got.classes == ("bus", "car")
    assert got.column("split") == ["train", "val", "val"]
    assert got.column("labelled") == [True, True, True]
    car, bus = got.boxes.to_pylist()
    # From pixel 11 to pixel 30, both inside, is 20 pixels.
    assert (car["left"], car["top"], car["right"], car["bottom"]) == (10, 4, 30, 20.5)
    assert dict(car["attributes"])["truncated"] == "1"
    assert (bus["label"], bus["ignore"], bus["ignore_reason"]) == ("bus", True, "difficult")
    assert got.counts["noted"] == {"image without labels, taken as background": 1}


@pytest.mark.parametrize(("base", "left"), [(None, 0.0), (0, 0.0), (1, 0.0)])
def test_a_box_that_begins_at_0_says_where_pixels_begin(
    base: int | None, left: float, tmp_path: Path
):
    source = voc(tmp_path / "in", a=xml(thing(left="0")), b=xml(thing(left="11")))
    got = import_set("voc", source, tmp_path / "out", config=ImportConfig(pixel_base=base))
    first, second = got.boxes.to_pylist()
    assert first["left"] == left
    assert second["left"] == (10 if base == 1 else 11)
    noted = "edges count from 0, since a box begins there: pixel_base 0"
    assert (noted in got.counts["noted"]) == (base is None)


def test_labels_without_image_are_counted_and_two_images_of_one_stem_told_apart(tmp_path: Path):
    source = voc(tmp_path / "in", a=xml(thing(), filename="a.png"), b=xml(thing()))
    (source / "JPEGImages" / "b.jpg").unlink()
    paint(source / "JPEGImages" / "a.png", seed=5)
    got = import_set("voc", source, tmp_path / "out")
    assert [row["image"] for row in got.boxes.to_pylist()] == ["a.png"]
    assert got.counts["dropped"]["labels without image file"] == 1
    (source / "Annotations" / "a.xml").write_text(xml(thing(), filename="x.png"))
    with pytest.raises(DatasetError, match="would belong to a.jpg and a.png, and names 'x.png'"):
        import_set("voc", source, tmp_path / "again")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be an XML file without entities; it is not"),
        ("<annotation>", "must be an XML file without entities"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><annotation>&b;</annotation>', "without entities"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotation/>', "without entities"),
        ("<html/>", "holds an <annotation>; a.xml holds <html>"),
        (xml(thing(left="ten")), "xmin must be a number of pixels; 'ten' came in a.xml, object 1"),
        (xml(thing(name=" ")), "Every object needs a name; object 1 of a.xml has none"),
    ],
)
def test_bad_files_are_refused_in_a_sentence(text: str, message: str):
    with pytest.raises(DatasetError, match=message):
        parse_voc(text.encode(), "a.xml")


@pytest.mark.parametrize("size", ["0", "", "-3", "1e9", "9" * 5000])
def test_a_size_that_is_none_is_none(size: str):
    assert parse_voc(xml(size=size).encode(), "a.xml").size is None


def test_an_edge_that_is_nan_is_refused(tmp_path: Path):
    source = voc(tmp_path / "in", a=xml(thing(left="nan")))
    with pytest.raises(DatasetError, match="finite numbers; .*nan.*object 1"):
        import_set("voc", source, tmp_path / "out")


@pytest.mark.skipif(not SHARED.exists(), reason="no real images beside this checkout")
def test_real_fog(tmp_path: Path):
    fog = SHARED / "dawn_fog"
    got = import_set("voc", fog / "voc", tmp_path / "out", images=fog / "images")
    assert (len(got), got.boxes.num_rows) == (200, 1295)
    assert set(got.classes) == {"bicycle", "bus", "car", "motorcycle", "person", "truck"}
    assert not got.counts["dropped"]
