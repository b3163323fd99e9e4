"""A real Chromium without a window, driven by selenium: what tests and pictures ask of it."""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.command import Command
from selenium.webdriver.remote.webelement import WebElement

BROWSERS = "chromium", "chromium-browser", "google-chrome"
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
)
# Two frames: the page draws in the first one behind a change.
_DRAWN = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done));"


def program(variable: str, names: Sequence[str]) -> str:
    """Where a program is: what the variable says, else the first of the names that is found.

    Raises:
        FileNotFoundError: there is none.
    """
    found = os.environ.get(variable) or next(filter(None, map(shutil.which, names)), None)
    if not found or not Path(found).exists():
        raise FileNotFoundError(
            f"Pages are looked at with {names[0]}, which was not found: install Debian's chromium "
            f"and chromium-driver, or let {variable} say where yours is."
        )
    return found


class Screen:
    """One browser with one page.

    Args:
        functions: JavaScript that `measure` calls into.
    """

    def __init__(self, functions: str = "") -> None:
        self.functions = functions
        options = webdriver.ChromeOptions()
        options.binary_location = program("NPDISTIL_CHROMIUM", BROWSERS)
        for option in OPTIONS:
            options.add_argument(option)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        # The driver's path is given, so that selenium asks no network for one.
        service = Service(program("NPDISTIL_CHROMEDRIVER", ["chromedriver"]))
        self.driver = webdriver.Chrome(options=options, service=service)
        self.driver.set_script_timeout(10)

    def close(self) -> None:
        """End the browser."""
        self.driver.quit()

    def open(self, path: Path, width: int = 1280, height: int = 900, theme: str = "light") -> None:
        """Show a page of a size and in a theme of the system, all of it drawn."""
        self.resize(width, height)
        self.command(
            "Emulation.setEmulatedMedia",
            media="",
            features=[{"name": "prefers-color-scheme", "value": theme}],
        )
        self.driver.get(path.as_uri())
        self.drawn()

    def resize(self, width: int, height: int = 900) -> None:
        """Change what the page sees of a window."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.command("Emulation.setDeviceMetricsOverride", **size)

    def command(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Ask the browser itself."""
        answer: dict[str, Any] = self.driver.execute_cdp_cmd(name, arguments)
        return answer

    def drawn(self) -> None:
        """Wait until the page has drawn what was changed."""
        self.driver.execute_async_script(_DRAWN)

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script returns."""
        return self.driver.execute_script(script, *arguments)

    def measure(self, name: str, *arguments: Any) -> Any:
        """What one of `functions` returns."""
        return self.run(f"{self.functions}\nreturn {name}(...arguments);", *arguments)

    def find(self, selector: str) -> WebElement:
        """The first element, which must be there."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        """The texts of all such elements."""
        all_of_them = "return [...document.querySelectorAll(arguments[0])]"
        found: list[str] = self.run(f"{all_of_them}.map((e) => e.textContent.trim());", selector)
        return found

    def point(self, selector: str) -> None:
        """Move the mouse over an element."""
        element = self.find(selector)
        self.run("arguments[0].scrollIntoView({block: 'center'});", element)
        ActionChains(self.driver, duration=0).move_to_element(element).perform()
        self.drawn()

    def click(self, selector: str) -> None:
        """Move the mouse over an element and press its button."""
        self.point(selector)
        ActionChains(self.driver, duration=0).click().perform()
        self.drawn()

    def press(self, *keys: str) -> None:
        """Press keys, one after another, where the focus is."""
        ActionChains(self.driver, duration=0).send_keys(*keys).perform()
        self.drawn()

    def said(self) -> list[str]:
        """What the console said since the last call."""
        return [entry["message"] for entry in self._log("browser")]

    def asked_for(self) -> list[str]:
        """Every address that was asked for since the last call."""
        messages = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]

    def _log(self, kind: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.driver.execute(Command.GET_LOG, {"type": kind})["value"]
        return found
