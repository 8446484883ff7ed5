"""Opens the pages of a run and of a comparison in headless Chromium, light, dark and printed, and
checks that they load nothing, complain about nothing, and that no text leaves its chart or covers
another.

    report_pages.py PROGRAM [FOLDER]

Takes pictures of both schemes into FOLDER, where one is named.
"""

import asyncio
import base64
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile

import websockets

BROWSERS = ["chromium", "chromium-browser", "google-chrome"]
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--hide-scrollbars", "--window-size=1000,1200", "--remote-debugging-port=0"]
LARGEST_PAGE = 5_000_000
# Pixels between margins of a centimetre.
A4 = 718

# Texts that leave the box of their chart by more than a pixel, or that cover each other.
ILLEGIBLE = """
[...document.querySelectorAll('figure svg.chart')].flatMap(svg => {
  const box = svg.viewBox.baseVal, name = svg.getAttribute('aria-label');
  const back = svg.getScreenCTM().inverse();
  const texts = [...svg.querySelectorAll('text')].map(text => {
    const inner = text.getBBox(), turn = back.multiply(text.getScreenCTM());
    const corners = [[0, 0], [1, 0], [0, 1], [1, 1]].map(([right, down]) => new DOMPoint(
      inner.x + right * inner.width, inner.y + down * inner.height).matrixTransform(turn));
    const xs = corners.map(at => at.x), ys = corners.map(at => at.y);
    return {said: text.textContent, turned: Math.abs(turn.b) > 0.01, left: Math.min(...xs),
      right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys)};
  });
  const outside = texts.filter(text => text.left < box.x - 1 || text.top < box.y - 1
    || text.right > box.x + box.width + 1 || text.bottom > box.y + box.height + 1);
  const level = texts.filter(text => !text.turned);
  const covered = level.flatMap((one, at) => level.slice(at + 1).filter(other =>
    Math.min(one.right, other.right) - Math.max(one.left, other.left) > 1
    // Line boxes are higher than letters.
    && Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 4
  ).map(other => `${one.said} on ${other.said}`));
  const told = [...outside.map(text => `${text.said} outside`), ...covered];
  return (texts.length ? told : ['no text']).map(text => `${name}: ${text}`);
})
"""
# Tables that paper cuts, which has no way to scroll.
CUT = """
[...document.querySelectorAll('.scroll')].map(it => it.scrollWidth - it.clientWidth)
  .filter(more => more > 0)
"""
PAPER = "getComputedStyle(document.body).backgroundColor"
INK = "getComputedStyle(document.querySelector('figure svg.chart .bg')).fill"


class Page:
    """One tab over the DevTools protocol."""

    def __init__(self, socket):
        self.socket, self.numbers, self.events = socket, itertools.count(1), []

    async def call(self, method, **params):
        number = next(self.numbers)
        await self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(await asyncio.wait_for(self.socket.recv(), 60))
            if message.get("id") == number:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]
            self.events.append(message)

    async def value(self, expression):
        answer = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"]["value"]

    async def open(self, url):
        await self.call("Page.navigate", url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(json.loads(await asyncio.wait_for(self.socket.recv(), 60)))

    def told(self, method):
        return [event["params"] for event in self.events if event.get("method") == method]


async def scheme(page, name, picture):
    """What must hold in a colour scheme; returns the colour of the paper."""
    await page.call("Emulation.setEmulatedMedia", media="screen",
                    features=[{"name": "prefers-color-scheme", "value": name}])
    illegible = await page.value(ILLEGIBLE)
    assert not illegible, f"{name}: texts outside their charts, or on each other: {illegible}"
    paper, chart = await page.value(PAPER), await page.value(INK)
    assert paper == chart, f"{name}: charts have another paper ({chart}) than the page ({paper})"
    wide = await page.value("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{name}: the page is {wide} pixels wider than the window"
    shot = await page.call("Page.captureScreenshot", captureBeyondViewport=True)
    data = base64.b64decode(shot["data"])
    assert len(data) > 20_000, f"{name}: the picture is empty"
    if picture:
        with open(picture, "wb") as file:
            file.write(data)
    return paper


async def check(port, path, pictures):
    name = os.path.basename(os.path.dirname(path))
    assert os.path.getsize(path) <= LARGEST_PAGE, f"{path} is too large"
    root = f"ws://127.0.0.1:{port}/devtools"
    async with websockets.connect(root + "/browser" + pictures["browser"], max_size=None) as socket:
        browser = Page(socket)
        target = (await browser.call("Target.createTarget", url="about:blank"))["targetId"]
    async with websockets.connect(f"{root}/page/{target}", max_size=None) as socket:
        page = Page(socket)
        for domain in ["Page", "Network", "Runtime", "Log"]:
            await page.call(f"{domain}.enable")
        url = "file://" + path
        await page.open(url)
        papers = [await scheme(page, scheme_name, pictures["path"](f"{name}-{scheme_name}.png"))
                  for scheme_name in ["light", "dark"]]
        assert papers[0] != papers[1], f"dark is as light: {papers}"
        await page.call("Emulation.setEmulatedMedia", media="print", features=[])
        illegible = await page.value(ILLEGIBLE)
        assert not illegible, f"print: texts outside their charts, or on each other: {illegible}"
        await page.call("Emulation.setDeviceMetricsOverride", width=A4, height=1000,
                        deviceScaleFactor=1, mobile=False)
        cut = await page.value(CUT)
        assert not cut, f"print: tables do not fit on the paper, by so many pixels: {cut}"
        await page.call("Emulation.clearDeviceMetricsOverride")
        await page.call("Emulation.setEmulatedMedia", media="", features=[])
        printed = base64.b64decode((await page.call("Page.printToPDF", printBackground=True))["data"])
        assert printed.startswith(b"%PDF") and len(printed) > 20_000, "nothing was printed"
        asked = [request["request"]["url"] for request in page.told("Network.requestWillBeSent")]
        assert asked == [url], f"requests: {asked}"
        said = (page.told("Runtime.consoleAPICalled") + page.told("Runtime.exceptionThrown")
                + page.told("Log.entryAdded"))
        assert not said, f"the console says {said}"
        charts = await page.value("document.querySelectorAll('figure svg.chart').length")
        links = await page.value("[...document.querySelectorAll('a[href]')].map(a => a.href)")
        for link in links:
            assert os.path.isfile(link.removeprefix("file://")), f"{link} is not there"
        print(f"{name}: {charts} charts, {len(links)} links, {len(printed)} bytes of PDF")
        return charts


def browser():
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert found, "no Chromium; apt-get install -y --no-install-recommends chromium"
    return found


async def devtools(profile, process):
    """Port and path of the DevTools protocol, once the browser has written them."""
    for _ in range(600):
        assert process.poll() is None, "the browser has ended"
        try:
            with open(os.path.join(profile, "DevToolsActivePort"), encoding="ascii") as file:
                port, path = file.read().split()
                return int(port), path.removeprefix("/devtools/browser")
        except (FileNotFoundError, ValueError):
            await asyncio.sleep(0.05)
    raise AssertionError("the browser does not open its DevTools")


async def main(program, pictures):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        run, comparison = os.path.join(folder, "run"), os.path.join(folder, "comparison")
        strategies = "equal,first_come_first_served,priority,max_throughput,earliest_deadline_first," \
                     "least_laxity_first,round_robin,proportional_fair"
        subprocess.run([program, "run", "scenarios/workplace.toml", "-q", "--out", run], check=True)
        subprocess.run([program, "compare", "scenarios/workplace.toml", "--seeds", "3", "-q",
                        "--strategies", strategies, "--out", comparison], check=True)
        profile = os.path.join(folder, "profile")
        process = subprocess.Popen([browser(), *FLAGS, f"--user-data-dir={profile}", "about:blank"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            port, path = await devtools(profile, process)
            places = {"browser": path,
                      "path": lambda name: pictures and os.path.join(pictures, name)}
            assert await check(port, os.path.join(run, "report.html"), places) == 6
            assert await check(port, os.path.join(comparison, "report.html"), places) == 9
        finally:
            process.terminate()
            process.wait(30)


if __name__ == "__main__":
    asyncio.run(main(os.path.abspath(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None))
