"""What a screenshot shows at a place of the page, for want of text recognition: how much of it is the mask's grey."""

from __future__ import annotations

import base64

from playwright.sync_api import Locator

from browser.environment import LiveEnvironment

GREY = 0x80
_BOX = """(el) => {
  const range = document.createRange();
  range.selectNodeContents(el);
  const box = (el.matches('input,textarea') ? el : range).getBoundingClientRect();
  return [box.x, box.y, box.width, box.height].map(Math.round);
}"""
_SHARE = """async ([data, [x, y, width, height], grey]) => {
  const image = new Image();
  image.src = 'data:image/jpeg;base64,' + data;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
  canvas.drawImage(image, 0, 0);
  const pixels = canvas.getImageData(x, y, width, height).data;
  let same = 0;
  for (let at = 0; at < pixels.length; at += 4) if ([0, 1, 2].every((part) => Math.abs(pixels[at + part] - grey) < 12)) same++;
  return same / (pixels.length / 4);
}"""


def grey_share(environment: LiveEnvironment, place: Locator) -> float:
    """Take a screenshot and return which share of this place in it is grey. The browser itself decodes the picture."""
    place.scroll_into_view_if_needed()
    box = place.evaluate(_BOX)
    picture = base64.b64encode(environment.screenshot()).decode()
    return float(environment.tabs.page.evaluate(_SHARE, [picture, box, GREY]))
