import hashlib
import os
import re
from base64 import b64encode

import pytest

from imgpipe.job import Failure, Item, Output, Source, Status
from imgpipe.naming import printable
from imgpipe.report.page import write_page
from imgpipe.report.page.advice import _ADVICE, advice
from imgpipe.report.page.gather import gather
from imgpipe.report.page.render import render
from imgpipe.report.page.rows import row
from imgpipe.report.page.thumbnails import Thumbnail
from imgpipe.report.record import Record
from imgpipe.storage.local import LocalFolder
from tests.pages import rows_of

EVIL = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&<!--" + os.fsdecode(b"\xff") + "\u202e\x1b[31m"
)
LATE = Thumbnail(reason=EVIL)


def evil_page():
    failure = Failure(EVIL, EVIL)
    items = [
        Item(Source(EVIL, None, 1), Status.FAILED, failure=failure),
        Item(Source(EVIL + "2", None, 1), Status.WRITTEN, (Output(EVIL, 1, 1, 1),), (EVIL,)),
        Item(Source(EVIL + "3", None, 1), Status.SKIPPED, reason=EVIL),
    ]
    about = dict.fromkeys(["version", "engine", "input", "recipe"], EVIL)
    gathered = gather([{"type": "run"} | about, {"type": "summary", "error": EVIL}])
    return render(gathered, [row(item, LATE, LATE) for item in items], EVIL.replace("/", ""), large=True, without=7)


def test_a_hostile_record_stays_text():
    page = evil_page()
    assert page.encode()
    assert page.count("<script") == page.count("</script>") == 2
    assert page.count("<img") == page.count("<!--") == 0
    assert not {"\u202e", "\x1b"} & set(page)


def test_the_data_of_the_script_comes_back_as_it_is():
    found = rows_of(evil_page())
    assert found[0]["n"] == found[0]["r"] == printable(EVIL)
    assert found[1]["w"] == [printable(EVIL)]
    assert found[1]["x"] == printable(EVIL)


def test_the_policy_lets_in_one_style_and_one_script():
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', evil_page())[1].replace("&#39;", "'")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules.pop("img-src") == "data:"
    for kind in ("script", "style"):
        (text,) = re.findall(f"<{kind}>(.*?)</{kind}>", evil_page(), re.DOTALL)
        digest = b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules.pop(f"{kind}-src") == f"'sha256-{digest}'"
    assert rules == {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'"}


def test_every_failure_has_a_word_of_advice():
    assert advice(Failure("DamagedPicture", "")) == _ADVICE["DamagedPicture"]
    assert "-v" in advice(Failure("ZeroDivisionError", ""))


def test_errors_that_advice_is_given_for_exist():
    import builtins

    from imgpipe import errors
    from imgpipe.concurrency import worker

    for name in _ADVICE:
        assert any(hasattr(module, name) for module in (errors, worker, builtins)), name


def test_a_page_of_ten_thousand_pictures_without_thumbnails_is_light(tmp_path):
    (tmp_path / "out/.imgpipe").mkdir(parents=True)
    record = Record(LocalFolder(str(tmp_path / "out")), {"input": str(tmp_path / "in")})
    for number in range(10_000):
        name = f"a folder/of pictures/{number:06}.jpg"
        record.add(Item(Source(name, None, 10), Status.FAILED, failure=Failure("NotAPicture", "not a picture")))
    record.finish({"type": "summary", "discovered": 10_000})
    write_page(str(tmp_path / "out"), str(tmp_path / "page.html"), 1)
    assert (tmp_path / "page.html").stat().st_size < 4_000_000


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_on_what_is_behind_them(scheme):
    """WCAG 2.2, 1.4.3 (AA): 4.5 to 1; and 3 to 1 for what is drawn (1.4.11)."""
    from imgpipe.report.page.render import _read

    light, dark = re.findall(r":root \{(.*?)\}", _read("page.css"), re.DOTALL)
    colours = dict(re.findall(r"--(\S+): (#[0-9a-f]{6})", {"light": light, "dark": dark}[scheme]))
    for words in ("ink", "quiet", "accent", "bad", "warn"):
        for behind in ("page", "card"):
            assert contrast(colours[words], colours[behind]) >= 4.5, (words, behind)
    assert contrast(colours["quiet"], colours["mat"]) >= 4.5
    assert contrast(colours["bad"], colours["bad-soft"]) >= 4.5
    assert contrast(colours["warn"], colours["warn-soft"]) >= 4.5
    assert contrast(colours["accent"], colours["mat"]) >= 3
