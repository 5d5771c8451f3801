"""Headless Chromium, driven like a user: read, type, click.  look() checks a page."""

import base64
import io
import json
import os
import pathlib
import re
import subprocess
import urllib.parse

import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from harness.torture import WHOLE

HERE = pathlib.Path(__file__).parent
SCREENSHOTS = HERE.parents[1] / "build" / "screenshots"
PICTURES = WHOLE or os.environ.get("TEST_PICTURES")
LOOK = (HERE / "look.js").read_text()
# Chromium loads the sprite after the page; an icon without a picture has no size.
ICONS_ARE_DRAWN = "return [...document.querySelectorAll('svg use')].every((u) => !u.checkVisibility() || u.getBBox().width > 0)"
# Chromium lays the page out without a scroll bar for a screenshot of the whole page, and keeps that layout afterwards.
RESTORE_SCROLL_BAR = """const page = document.documentElement;
page.style.overflowY = 'hidden';
page.clientWidth;
page.style.overflowY = '';
return page.clientWidth"""
SIZES = {"desktop": (1280, 800, 1, False), "phone": (390, 844, 2, True), "narrow": (320, 640, 2, True)}

# One language with scripts and the other one without; in the long campaign all four combinations.
LANGUAGE_AND_SCRIPTS = [(language, scripts) for language in ("fr", "en") for scripts in (True, False)
                        if os.environ.get("TORTURE") or (language == "fr") == scripts]
in_both_languages = pytest.mark.parametrize("language, javascript", LANGUAGE_AND_SCRIPTS,
                                            ids=[f"{language}-{'script' if scripts else 'noscript'}" for language, scripts in LANGUAGE_AND_SCRIPTS])


def in_ways(ways, sample):
    """Run a test with these combinations of language, size, colour scheme and scripts.

    The other combinations run only in .ci/run.
    """
    return pytest.mark.parametrize("language, size, scheme, javascript", [
        pytest.param(*way, id="-".join([*way[:3], "script" if way[3] else "noscript"]), marks=() if way in sample else pytest.mark.whole) for way in ways])


def start(javascript=True, more=()):
    options = Options()
    # This binary has no code for windows and needs a quarter of the CPU time.  The script
    # /usr/bin/chromium-headless-shell runs it as a child process; quit() would end only the script.
    options.binary_location = "/usr/lib/chromium/chromium-headless-shell"
    for argument in ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync", "--force-color-profile=srgb", *more):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    driver.set_page_load_timeout(60)
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not javascript})
    return driver


class Browser:
    """One user's window: a language, a size, a colour scheme."""

    def __init__(self, driver, server, language="en", size="desktop", scheme="light", javascript=True):
        self.driver, self.server, self.language, self.size, self.scheme, self.javascript = driver, server, language, size, scheme, javascript
        self.origin = server.origin.replace("//127.0.0.1:", "//localhost:")  # the server redirects browsers to it
        self.number = 0
        width, height, scale, mobile = SIZES[size]
        self.cdp("Network.enable")
        self.cdp("Network.clearBrowserCookies")
        self.cdp("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=mobile)
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme},
                                                         {"name": "prefers-reduced-motion", "value": "reduce"}])
        self.driver.get("about:blank")
        self.driver.get_log("browser")

    def cdp(self, command, **parameters):
        return self.driver.execute_cdp_cmd(command, parameters)

    def take_over(self, cookies):
        """Continue as a user who signed in elsewhere."""
        for name, value in cookies.items():
            self.cdp("Network.setCookie", name=name, value=value, url=self.origin, httpOnly=True, sameSite="Lax")

    # Navigation

    @property
    def path(self):
        parts = urllib.parse.urlsplit(self.driver.current_url)
        return parts.path + ("?" + parts.query if parts.query else "")

    def open(self, path):
        self.driver.get(self.origin + path)
        return self

    def wait(self, happens, what=""):
        return WebDriverWait(self.driver, 30, poll_frequency=0.05).until(lambda _: happens(), what)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def visible(self, selector):
        return [e for e in self.find_all(selector) if e.is_displayed()]

    def leave(self, act):
        """Do something that loads another page, and wait until it is loaded."""
        self.driver.execute_script("document.documentElement.dataset.left = 'yes'")
        act()
        self.wait(self._another_page, f"a page after {self.path}")

    def _another_page(self):
        try:
            return self.driver.execute_script(
                "return document.readyState === 'complete' && document.documentElement.dataset.left !== 'yes'")
        except Exception:  # between two pages the driver raises
            return False

    def type(self, name, text):
        field = self.find(f"main input[name={name}]")
        if field.get_property("value"):
            field.clear()
        field.send_keys(text)
        return field

    def paste(self, name, text):
        """Fill in a field at once: a key takes three commands of the browser, each as long as a redraw."""
        field = self.find(f"main input[name={name}]")
        self.driver.execute_script("arguments[0].focus(); arguments[0].select()", field)
        self.cdp("Input.insertText", text=text)
        return field

    def submit(self):
        button = self.find("main form button:not([type=button])")
        self.leave(button.click)

    def follow(self, selector):
        self.leave(self.find(selector).click)

    def type_code(self, code):
        """With scripts the sixth digit sends the form; without scripts the button does."""
        if self.javascript:
            self.leave(lambda: self.type("otp", code))
        else:
            self.type("otp", code)
            self.submit()

    def log_out(self):
        for closed in self.find_all("header .menu:not([open]) > summary"):
            closed.click()
        self.leave(self.visible("form[action='/logout'] button")[0].click)

    @property
    def text(self):
        return self.find("body").text

    @property
    def heading(self):
        return self.find("h1").text

    # Checks

    def look(self, name=None, expect=()):
        """Check the page; with TEST_PICTURES store a screenshot.

        expect: statuses that Chromium may report in its console.
        """
        assert self.find("html").get_attribute("lang") == self.language
        self.wait(lambda: self.driver.execute_script(ICONS_ARE_DRAWN), "the icons of the sprite")
        troubles = self.driver.execute_script(LOOK)
        assert troubles == [], f"{self.path} ({self.size}, {self.scheme}): {json.dumps(troubles, indent=1, ensure_ascii=False)}"
        self.check_console(expect)
        if name and PICTURES:
            self.picture(name)
        return self

    def check_console(self, expect=()):
        noise = re.compile("the server responded with a status of (%s)" % "|".join(map(str, expect or ["never"])))
        lines = [e["message"] for e in self.driver.get_log("browser") if e["level"] in ("SEVERE", "WARNING")]
        assert [line for line in lines if not noise.search(line)] == []

    def picture(self, name):
        self.number += 1
        script = "" if self.javascript else "-noscript"
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        width = self.driver.execute_script("return document.documentElement.clientWidth")
        shot = self.cdp("Page.captureScreenshot", format="png", captureBeyondViewport=True, optimizeForSpeed=True)
        assert self.driver.execute_script(RESTORE_SCROLL_BAR) == width
        file = SCREENSHOTS / f"{self.language}-{self.size}-{self.scheme}{script}-{self.number:02d}-{name}.png"
        file.write_bytes(base64.b64decode(shot["data"]))

    def screen(self):
        return Image.open(io.BytesIO(self.driver.get_screenshot_as_png())).convert("RGB")

    def cut(self, element):
        """Return an element's picture, cut from a screenshot of the window."""
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        box, scale = self.driver.execute_script(
            "const b = arguments[0].getBoundingClientRect(); return [[b.left, b.top, b.right, b.bottom], devicePixelRatio]", element)
        return self.screen().crop([round(v * scale) for v in box])

    def scan(self, tmp_path):
        """Return the text of the QR code on the screen, as a phone's camera reads it."""
        self.cut(self.find("#qr")).save(tmp_path / "qr.png")
        read = subprocess.run(["zbarimg", "--raw", "-q", tmp_path / "qr.png"], capture_output=True, text=True, check=True)
        return read.stdout.strip()

    def enter(self, selector):
        self.leave(lambda: self.find(selector).send_keys(Keys.ENTER))


def authenticator(uri, clock):
    """Return oathtool's code for a scanned URI at the server's time."""
    secret = urllib.parse.parse_qs(urllib.parse.urlsplit(uri).query)["secret"][0]
    shown = subprocess.run(["oathtool", "--totp", "-b", "--now", f"@{int(clock.now())}", secret], capture_output=True, text=True, check=True)
    return shown.stdout.strip()
