"""Looks at the status page with a headless Chromium, as people do: narrow and wide, light and dark.

    browser.py DEMO FOLDER

DEMO is the binary of `cargo demo`; it is started with a world that lives, and ended. Screenshots go into FOLDER. Chromium
is driven over the WebDriver protocol (https://www.w3.org/TR/webdriver2/) with nothing but the standard library. Every
complaint of the browser, such as one of the page's policy, is a failure, and so is a page that is wider than its window, a
key that is anywhere in the document, a plot without bars, or text that is hard to read.
"""

import base64
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import urllib.request

WIDTHS = (400, 1200)
SCHEMES = ("light", "dark")
CHROMIUM = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync --hide-scrollbars""".split()

# What is asked of the document. Runs outside of the page's policy, which forbids all scripts of its own.
LOOK = """
const key = arguments[0];
const shown = [...document.querySelectorAll("body *")].filter(e => e.checkVisibility() && e.getClientRects().length);
const channels = colour => colour.match(/[\\d.]+/g).map(Number);
const light = colour => {
  const [r, g, b] = channels(colour).map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = e => {
  for (; e; e = e.parentElement) {
    const colour = getComputedStyle(e).backgroundColor;
    if (channels(colour)[3] !== 0) return colour;
  }
  return "rgb(255, 255, 255)";
};
const contrast = e => {
  const [a, b] = [light(getComputedStyle(e).color), light(behind(e))];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
};
const words = e => [...e.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.textContent.trim());
const texts = shown.filter(e => words(e) && !e.closest("svg"));
const links = [...document.querySelectorAll("*")].flatMap(e => [e.href, e.src, e.action]).filter(Boolean).map(String);
return {
  title: document.title,
  overflow: document.documentElement.scrollWidth - window.innerWidth,
  height: document.documentElement.scrollHeight,
  keyed: document.documentElement.outerHTML.includes(key) || links.some(link => link.includes(key)),
  scripts: document.scripts.length,
  links,
  paper: getComputedStyle(document.body).backgroundColor,
  faint: texts.filter(e => contrast(e) < 4.5).map(e => e.outerHTML.slice(0, 120)),
  texts: texts.length,
  plots: document.querySelectorAll("svg.plot").length,
  empty: [...document.querySelectorAll("svg.plot")]
    .filter(svg => ![...svg.querySelectorAll("path:not(.base)")].some(p => p.getBoundingClientRect().height > 0)).length,
  untitled: [...document.querySelectorAll("svg")].filter(svg => svg.firstElementChild?.tagName !== "title").length,
  headless: [...document.querySelectorAll("th")].filter(th => !th.scope).length,
};
"""


class Browser:
    """A session of a Chromium of its own."""

    def __init__(self, profile):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        started = (re.search(r"successfully on port (\d+)", line) for line in self.driver.stdout)
        self.address = f"http://127.0.0.1:{next(found[1] for found in started if found)}/session"
        options = {"binary": "/usr/bin/chromium", "args": [*CHROMIUM, f"--user-data-dir={profile}"]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        session = self.ask("POST", "", {"capabilities": {"alwaysMatch": wanted}})
        self.address += f"/{session['sessionId']}"

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"content-type": "application/json"}, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def tell(self, command, **parameters):
        return self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, address):
        self.ask("POST", "/url", {"url": address})

    def run(self, script, *arguments):
        return self.ask("POST", "/execute/sync", {"script": script, "args": arguments})

    def complaints(self):
        """What the browser wrote to its console since the last time."""
        return [entry["message"] for entry in self.ask("POST", "/se/log", {"type": "browser"})]

    def end(self):
        self.ask("DELETE", "")
        self.driver.terminate()
        self.driver.wait()


def look(browser, width, scheme, address, key, folder):
    """Opens the page, says what is wrong with it, and takes a picture."""
    browser.tell("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.tell("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    browser.open(address)
    closed = browser.run(LOOK, key)
    clip = {"x": 0, "y": 0, "width": width, "height": closed["height"], "scale": 1}
    picture = browser.tell("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
    (folder / f"status-{width}-{scheme}.png").write_bytes(base64.b64decode(picture["data"]))
    browser.run("document.querySelectorAll('details').forEach(one => one.open = true)")
    wrong = [f"console: {complaint}" for complaint in browser.complaints()]
    for name, found in (("", closed), (" with all numbers open", browser.run(LOOK, key))):
        checks = {
            "is wider than its window": found["overflow"] > 0,
            "has the key in it": found["keyed"],
            "has scripts": found["scripts"],
            "links to somewhere unexpected": any("learn.microsoft.com/" not in link for link in found["links"]),
            f"has text that is hard to read: {found['faint']}": found["faint"],
            "has no text": found["texts"] < 50,
            "has no plots": found["plots"] < 8,
            "has plots without bars": found["empty"],
            "has plots without a title": found["untitled"],
            "has table headings without a scope": found["headless"],
        }
        wrong += [f"the page{name} {what}" for what, is_so in checks.items() if is_so]
    return closed["paper"], [f"{width} px, {scheme}: {what}" for what in wrong]


def is_strict(browser):
    """Whether the policy stops a script and a style that got into the page all the same, and the browser says so."""
    ran = browser.run(
        """const script = document.createElement("script");
        script.textContent = "window.ran = true";
        document.body.append(script);
        document.body.insertAdjacentHTML("beforeend", "<p id=styled style='position: fixed'></p>");
        return Boolean(window.ran) || getComputedStyle(document.getElementById("styled")).position === "fixed";"""
    )
    complaints = [one for one in browser.complaints() if "Content Security Policy" in one]
    return not ran and len(complaints) >= 2


def main(demo, folder):
    folder.mkdir(parents=True, exist_ok=True)
    world = subprocess.Popen([demo, "--users", "300", "--keep", "--fast", "--json"], stdout=subprocess.PIPE, text=True)
    browser, wrong, papers = None, [], {}
    try:
        kept = json.loads(world.stdout.readline())["kept"]["environment"]
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            browser = Browser(profile)
            for width in WIDTHS:
                for scheme in SCHEMES:
                    paper, found = look(browser, width, scheme, kept["STATUS_PAGE"], kept["FUNCTION_KEY"], folder)
                    papers[scheme] = paper
                    wrong += found
            if papers["light"] == papers["dark"]:
                wrong.append(f"light and dark have the same paper, {papers['light']}")
            if not is_strict(browser):
                wrong.append("the policy does not stop what got into the page")
            browser.end()
            browser = None
    finally:
        if browser:
            browser.driver.terminate()
        world.send_signal(signal.SIGINT)
        ended = world.wait()
    if ended != 0:
        wrong.append(f"the demo ended with {ended}")
    for what in wrong:
        print(f"✗ {what}", file=sys.stderr)
    print(f"{len(wrong)} complaints; screenshots in {folder}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2])))
