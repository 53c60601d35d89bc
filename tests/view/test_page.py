"""The page in a real browser: images, boxes, filter, keys, phone."""

import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from viewing import served, street

from otherlight.view.album import Album
from otherlight.view.colours import colours_of
from otherlight.view.server import Server

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("page")
    beside = street(folder / "dark", 60, "dark", parent="street")
    images = street(folder / "street")
    (folder / "street" / "images" / "004.jpg").write_bytes(b"no image")
    with served(Album(images, beside)) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    browser_file = shutil.which("chromium") or shutil.which("google-chrome")
    if browser_file is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_file, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=[1200])
def page(server: Server, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that has loaded; whatever it asked for or complained of is looked at in the end."""
    asked: list[str] = []
    wrong: list[str] = []
    page = browser.new_page(viewport={"width": request.param, "height": 900})
    page.set_default_timeout(20_000)
    expect.set_options(timeout=20_000)
    page.on("request", lambda each: asked.append(each.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda each: wrong.append(each.text) if each.type == "error" else None)
    page.goto(server.url)
    expect(page.locator("#told")).to_have_text("1 to 48 of 60")
    yield page
    page.close()
    assert [url for url in asked if not url.startswith((server.url, "data:"))] == []
    assert [text for text in wrong if "status of 40" not in text] == []


def open_image(page: Page, number: int) -> None:
    page.locator(".card").nth(number).click()
    expect(page.locator("#stage img").first).to_be_visible()


def test_images_and_their_boxes_appear(page: Page):
    cards = page.locator(".card")
    expect(cards).to_have_count(48)
    page.wait_for_function("document.querySelector('.card img').naturalWidth === 320")
    assert cards.nth(0).locator("svg rect").count() == 0
    boxes = cards.nth(2).locator("svg rect")
    assert boxes.count() == 3
    frame = cards.nth(2).locator(".frame").bounding_box()
    box = boxes.first.bounding_box()
    assert frame is not None
    assert box is not None
    scale = frame["width"] / 320
    assert box["x"] - frame["x"] == pytest.approx(20 * scale, abs=2)
    assert box["y"] - frame["y"] == pytest.approx(40 * scale, abs=2)
    assert box["width"] == pytest.approx(60 * scale, abs=3)
    assert boxes.first.get_attribute("stroke") == colours_of(["car"])[0]
    assert cards.nth(2).locator("svg rect.ignored").count() == 1


def test_a_file_that_cannot_be_read_says_so(page: Page):
    expect(page.locator(".card").nth(4).locator(".gone")).to_contain_text("An image must be JPEG")


def test_a_filter_narrows_and_a_wrong_one_is_told(page: Page):
    page.fill("#where", "timeofday = 'night' AND n_car > 0")
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_have_text("1 to 19 of 19 that the filter chooses, of 60")
    expect(page.locator(".card")).to_have_count(19)
    page.fill("#where", "timeofdy = 'night'")
    page.keyboard.press("Enter")
    expect(page.locator("#wrong")).to_contain_text("Did you mean 'timeofday'?")
    expect(page.locator(".card")).to_have_count(19)
    page.fill("#where", "n_car > 99")
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_have_text("No image fits the filter.")
    expect(page.locator("#wrong")).to_be_hidden()
    page.click("#all")
    expect(page.locator("#told")).to_have_text("1 to 48 of 60")


def test_keys_leaf_through_the_set(page: Page):
    told = page.locator("#told")
    page.keyboard.press("PageDown")
    expect(told).to_have_text("49 to 60 of 60")
    page.keyboard.press("PageUp")
    expect(told).to_have_text("1 to 48 of 60")
    page.keyboard.press("End")
    expect(told).to_have_text("49 to 60 of 60")
    page.keyboard.press("Enter")
    expect(told).to_have_text("60 of 60")
    expect(page.locator("#stage figcaption").first).to_have_text("059.jpg")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#stage figcaption").first).to_have_text("058.jpg")
    page.keyboard.press("PageUp")
    expect(page.locator("#stage figcaption").first).to_have_text("048.jpg")
    page.keyboard.press("PageUp")
    expect(page.locator("#stage figcaption").first).to_have_text("038.jpg")
    page.keyboard.press("ArrowRight")
    expect(told).to_have_text("40 of 60")
    page.keyboard.press("Escape")
    expect(told).to_have_text("1 to 48 of 60")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(told).to_have_text("2 of 60")


def test_an_image_is_told_beside_its_parent(page: Page):
    open_image(page, 5)
    expect(page.locator("#stage figure")).to_have_count(2)
    expect(page.locator("#stage figcaption")).to_have_text(["005.jpg", "dark"])
    side = page.locator("#side")
    expect(side).to_contain_text("drive0")
    expect(side).to_contain_text("front <b>")
    expect(side.locator("tbody tr")).to_have_count(3)
    expect(side.locator("tbody tr").nth(2)).to_contain_text("ignored")
    widths = page.locator("#stage img").evaluate_all("all => all.map(one => one.naturalWidth)")
    assert widths == [320, 320]


def test_names_boxes_and_classes_are_switched_off_and_on(page: Page):
    open_image(page, 5)
    first = page.locator("#stage svg").first
    names, rects = first.locator("text"), first.locator("rect[data-box]")
    expect(names).to_have_text(["car", "traffic light"])
    expect(rects).to_have_count(3)
    page.keyboard.press("l")
    expect(names).to_have_count(0)
    page.keyboard.press("i")
    expect(rects).to_have_count(2)
    page.get_by_role("button", name=re.compile("^traffic light")).click()
    expect(rects).to_have_count(1)
    page.keyboard.press("b")
    expect(rects).to_have_count(0)
    page.keyboard.press("b")
    page.get_by_role("button", name=re.compile("^traffic light")).click()
    expect(rects).to_have_count(2)


def test_the_address_remembers_what_is_shown(page: Page):
    page.fill("#where", "n_car > 0")
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_contain_text("of 58")
    open_image(page, 3)
    page.reload()
    expect(page.locator("#told")).to_have_text("4 of 58 that the filter chooses, of 60")
    expect(page.locator("#where")).to_have_value("n_car > 0")


@pytest.mark.parametrize("page", [390, 1200], indirect=True)
def test_nothing_flows_over_the_edge(page: Page):
    page.locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    open_image(page, 6)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    frame = page.locator("#stage .frame").first.bounding_box()
    assert frame is not None
    assert frame["width"] > 300
