"""The page in a real browser: it is used as a person would."""

import os

import pytest
from PIL import Image

from imgpipe.report.page import write_page
from tests.command import imgpipe
from tests.folders import paint, write
from tests.report.page.conftest import show_as

MANY = 60
A_PAGE = 24
HOSTILE = [
    b"<img src=x onerror=alert(1)>.jpg",
    b"<script>alert(2)<&script>.jpg",
    b"\"><svg onload=alert(3)>'.jpg",
    b"&lt;b&gt;&#60;i&#62;.jpg",
    b"{{ 7 * 7 }}{% raw %}.jpg",
    b"<!--.jpg",
    b"not-\xff\xfe-utf8.jpg",
    "gnp.\u202eevil\u2066.jpg".encode(),
    b"new\nline\x1b[31m.jpg",
    "שלום-früh-日本.jpg".encode(),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The report of a run with many pictures, names that attack, and what failed and was skipped."""
    folder = tmp_path_factory.mktemp("page")
    for number in range(MANY):
        paint(folder / f"in/many/{number:03}.jpg", size=(60, 40), seed=number)
    for name in HOSTILE:
        paint(os.path.join(os.fsencode(folder), b"in", name).decode(errors="surrogateescape"), size=(30, 20))
    Image.new("CMYK", (30, 20), (90, 0, 0, 0)).save(folder / "in/Inks.JPG")
    write(folder / "in/<b>broken</b>.jpg", b"no picture")
    # No name has a slash in it, but a folder and a file make one.
    write(folder / "in/<script>alert(4)</script>.jpg", b"no picture")
    write(folder / "in/notes.txt", b"notes")
    done = imgpipe("process", folder / "in", folder / "out", "--width", 20, "--report", folder / "report.html")
    assert "2 failed" in done.stdout, done
    return folder / "report.html"


@pytest.fixture
def opened(page, browser):
    browser.get(page.as_uri())
    return browser


def find(browser, selector):
    return browser.find_element("css selector", selector)


def texts(browser, selector):
    return [element.text for element in browser.find_elements("css selector", selector)]


def press(browser, *keys):
    from selenium.webdriver import ActionChains

    for key in keys:
        ActionChains(browser).send_keys(key).perform()


def test_it_tells_the_numbers(opened):
    sums = dict(zip(texts(opened, ".sums dt"), texts(opened, ".sums dd"), strict=True))
    made = MANY + len(HOSTILE) + 1
    assert {name: sums[name] for name in ("Inputs", "Written", "Failed", "Skipped")} == {
        "Inputs": str(made + 3),
        "Written": str(made),
        "Failed": "2",
        "Skipped": "1",
    }


def test_every_failure_has_its_file_its_reason_and_what_to_do(opened):
    rows = [row.split("\n")[0] for row in texts(opened, "#failed tbody tr")]
    assert len(rows) == 2
    for row in rows:
        assert "not a picture: it is text" in row
        assert "Leave it out with --exclude" in row
    assert texts(opened, "#failed tbody th") == ["<b>broken</b>.jpg", "<script>alert(4)</script>.jpg"]


def test_warnings_and_skipped_files_are_told(opened):
    assert [row.split(" ")[0] for row in texts(opened, "#warned tbody tr")] == ["Inks.JPG"]
    assert texts(opened, "#skipped tbody tr") == ["notes.txt no picture, by its name and by its content"]


def test_only_one_page_of_pictures_is_in_the_document_and_pages_turn(opened):
    all_names, pages = [], 0
    while True:
        names = texts(opened, ".tile .name")
        assert 0 < len(names) <= A_PAGE
        all_names += names
        pages += 1
        *_, on = opened.find_elements("css selector", "#sheet-pager button")
        assert f"Page {pages} of 4" in find(opened, "#sheet-pager").text
        if not on.is_enabled():
            break
        on.click()
    listed = MANY + len(HOSTILE) + 3
    assert len(set(all_names)) == len(all_names) == listed
    back = find(opened, "#sheet-pager button")
    back.click()
    assert "Page 3 of 4" in find(opened, "#sheet-pager").text


def test_pages_turn_by_keyboard_and_the_focus_is_seen(opened):
    from selenium.webdriver import Keys

    on = opened.find_elements("css selector", "#sheet-pager button")[1]
    opened.execute_script("arguments[0].focus()", on)
    press(opened, Keys.ENTER)
    assert "Page 2 of 4" in find(opened, "#sheet-pager").text
    press(opened, Keys.TAB)
    assert opened.execute_script("return document.activeElement.className") == "recipe"
    assert opened.execute_script("return getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_filter_box_filters_by_name_and_by_status(opened):
    box = find(opened, "#name")
    box.send_keys("MANY/01")
    assert texts(opened, ".tile .name") == [f"many/01{number}.jpg" for number in range(10)]
    assert find(opened, "#shown").text == f"10 of {MANY + len(HOSTILE) + 3}"
    box.clear()
    box.send_keys("inks.j")
    assert texts(opened, ".tile .name") == ["Inks.JPG"]
    box.clear()
    box.send_keys("no such name")
    assert texts(opened, "#sheet li") == ["No picture matches."]
    box.clear()
    box.send_keys(" ")
    find(opened, "#status option[value='warned']").click()
    assert texts(opened, ".tile .name") == ["Inks.JPG"]
    next(option for option in opened.find_elements("css selector", "#status option") if option.text == "failed").click()
    assert len(texts(opened, ".tile.failed")) == len(texts(opened, ".tile")) == 2


def test_enter_in_the_filter_box_leaves_the_page_as_it_is(opened):
    from selenium.webdriver import Keys

    address = opened.current_url
    find(opened, "#name").send_keys("many", Keys.ENTER)
    assert opened.current_url == address
    assert find(opened, "#name").get_attribute("value") == "many"


def edge(browser, view):
    """How far the edge between before and after is, in hundredths of the width."""
    return float(browser.execute_script("return arguments[0].style.getPropertyValue('--at')", view).rstrip("%"))


def test_the_slider_follows_the_mouse(opened):
    from selenium.webdriver import ActionChains

    view = find(opened, ".view:has(input)")
    assert edge(opened, view) == 50
    width = view.size["width"]
    mouse = ActionChains(opened).move_to_element(view).click_and_hold().move_by_offset(width // 4, 0)
    mouse.perform()
    assert edge(opened, view) == pytest.approx(75, abs=2)
    ActionChains(opened).move_by_offset(-width // 2, 0).release().perform()
    assert edge(opened, view) == pytest.approx(25, abs=2)
    before, after = (view.find_element("css selector", kind) for kind in (".before", ".after"))
    clip = opened.execute_script("return getComputedStyle(arguments[0]).clipPath", before)
    assert "25" in clip or "75" in clip
    assert opened.execute_script("return getComputedStyle(arguments[0]).clipPath", after) == "none"
    assert find(opened, ".view:has(input) .edge").rect["x"] == pytest.approx(view.rect["x"] + width * 0.25, abs=4)


def test_the_slider_moves_by_keys_and_says_where_it_is(opened):
    from selenium.webdriver import Keys

    view = find(opened, ".view:has(input)")
    slider = view.find_element("css selector", "input")
    slider.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert edge(opened, view) == 60
    slider.send_keys(Keys.HOME)
    assert edge(opened, view) == 0
    slider.send_keys(Keys.ARROW_LEFT)
    assert edge(opened, view) == 0
    slider.send_keys(Keys.END)
    assert edge(opened, view) == 100
    slider.send_keys(Keys.PAGE_DOWN)
    assert slider.get_attribute("aria-valuetext") == "80 % before"
    assert opened.execute_script("return getComputedStyle(arguments[0]).outlineStyle", view) == "solid"


def test_the_thumbnails_are_pictures(opened):
    waiting = "return [...document.images].every(image => image.complete)"
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(opened, 20).until(lambda browser: browser.execute_script(waiting))
    widths = opened.execute_script("return [...document.images].map(image => image.naturalWidth)")
    assert len(widths) > A_PAGE
    assert set(widths) <= {20, 30, 60}


def test_it_tells_how_the_time_went(opened):
    assert find(opened, ".verdict").text.startswith("What limited it ")
    stages, lanes, queues = (f"#h-{name} ~ dl svg" for name in ("stages", "lanes", "depths"))
    assert len(opened.find_elements("css selector", stages)) == 3
    assert opened.find_elements("css selector", lanes)
    assert len(opened.find_elements("css selector", queues)) == 3
    drawn = "return [...document.querySelectorAll('#h-lanes ~ dl rect')].map(e => e.getBoundingClientRect().width)"
    assert max(opened.execute_script(drawn)) > 1
    titles = {title.get_attribute("textContent") for title in opened.find_elements("css selector", "rect title")}
    assert any(title.startswith("many/000.jpg: ") for title in titles)
    assert len(titles) == MANY + len(HOSTILE) + 3
    assert find(opened, ".recipe").text == 'filters = ["resize:width=20"]'


def test_hostile_names_are_shown_and_do_nothing(opened):
    from imgpipe.naming import printable

    shown = set()
    for name in HOSTILE:
        words = printable(os.fsdecode(name))
        find(opened, "#name").clear()
        find(opened, "#name").send_keys(words[:4])
        shown.update(element.get_attribute("textContent") for element in opened.find_elements("css selector", ".name"))
        assert words in shown
    assert opened.execute_script("return document.querySelectorAll('script').length") == 2
    assert not opened.execute_script("return document.querySelectorAll('[onerror],[onload],b,i,#sheet script').length")
    text = opened.execute_script("return document.documentElement.textContent")
    assert not {"\u202e", "\u2066", "\x1b"} & set(text)


def test_nothing_is_loaded_and_nothing_else_may_run(opened):
    from selenium.webdriver.support.wait import WebDriverWait

    assert opened.execute_script("return performance.getEntriesByType('resource').map(e => e.name)"
                                 ".filter(name => !name.startsWith('data:'))") == []  # fmt: skip
    opened.execute_script(
        "window.broken = [];"
        "document.addEventListener('securitypolicyviolation', event => broken.push(event.effectiveDirective));"
        "const add = (tag, set) => document.body.append(Object.assign(document.createElement(tag), set));"
        "add('script', {textContent: 'window.ran = 1'});"
        "add('img', {src: 'file:///x.png'});"
        "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\" onclick=\"window.ran = 1\">p</p>');"
        "document.body.lastChild.click()"
    )
    told = {"script-src-elem", "img-src", "style-src-attr", "script-src-attr"}
    WebDriverWait(opened, 20).until(lambda browser: told <= set(browser.execute_script("return broken")))
    assert opened.execute_script("return window.ran") is None
    assert opened.get_log("browser")  # the browser complains of these four


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (360, "dark"), (768, "light"), (1920, "dark")])
def test_no_width_needs_scrolling_sideways(width, scheme, opened):
    show_as(opened, width, 740, scheme)
    assert opened.execute_script("return document.documentElement.scrollWidth") <= width
    beyond = opened.execute_script(
        "return [...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1"
        " && !e.closest('pre, .scroll')).map(e => e.outerHTML.slice(0, 80))"
    )
    assert beyond == []


def test_dark_is_dark_and_light_is_light(opened):
    shade = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
    assert min(opened.execute_script(shade)) > 200
    show_as(opened, 1280, 900, "dark")
    assert max(opened.execute_script(shade)) < 60


def test_everything_that_can_be_reached_has_a_name(opened):
    nameless = opened.execute_script(
        "return [...document.querySelectorAll('input, select, button, a, img, section, nav, table th')].filter(e =>"
        " !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.alt || e.textContent.trim()"
        " || (e.labels && e.labels.length))).map(e => e.outerHTML.slice(0, 80))"
    )
    assert nameless == []
    doubled = "const ids = [...document.querySelectorAll('[id]')].map(e => e.id);"
    assert opened.execute_script(doubled + "return ids.length - new Set(ids).size") == 0
    missing = "return [...document.querySelectorAll('[aria-labelledby]')].filter(e => !document.getElementById("
    assert opened.execute_script(missing + "e.getAttribute('aria-labelledby'))).length") == 0


def test_on_paper_all_failures_are_there_and_no_controls(opened):
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not find(opened, ".filter").is_displayed()
    assert find(opened, "#failed").is_displayed()


def test_without_its_sources_the_page_says_so(page, browser, tmp_path):
    paint(tmp_path / "in/a.png")
    paint(tmp_path / "in/b.png", seed=1)
    paint(tmp_path / "in/c.png", seed=2)
    imgpipe("process", tmp_path / "in", tmp_path / "out", "--width", 10)
    (tmp_path / "in/a.png").unlink()
    write(tmp_path / "in/b.png", b"another file")
    write(tmp_path / "out/c.png", b"another file")
    write_page(str(tmp_path / "out"), str(tmp_path / "page.html"), 1)
    browser.get((tmp_path / "page.html").as_uri())
    tiles = texts(browser, ".tile")
    assert "before: gone since the run" in tiles[0]
    assert "before: changed since the run" in tiles[1]
    assert "after: changed since the run" in tiles[2]
    assert len(browser.find_elements("css selector", ".view img")) == 3
