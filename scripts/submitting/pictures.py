# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts together the pictures of a submission: ``pictures.py SOURCES IMAGES OUTPUT``, with Pillow and ffmpeg.

SOURCES holds renders and windows of 1920 x 1080 (see ``scripts/submission.py``), IMAGES the pictures of the docs.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from rules import ICON_SIZE, LARGEST_BYTES, PICTURE_SIZE

WIDTH, HEIGHT = PICTURE_SIZE
DARK, LIGHT, BLUE = (18, 38, 47), (245, 247, 248), (64, 170, 214)
LEAN = 0.22
"""How far the line between before and after leans, as a share of the height."""
FRAMES_PER_S = 30


def main(sources: str, images: str, output: str) -> None:
    """All of them."""
    source, target = Path(sources), Path(output)
    before, after = (_opened(source / f"{name}.png") for name in ("before", "after"))
    _save(icon(Image.open(source / "icon.png")), target / "icon.png")
    _save(featured(before, after), target / "featured.jpg")
    windows = [_opened(source / name) for name in ("ui-file.png", "ui-file-progress.png", "ui-file-done.png")]
    _save(windows[0], target / "preview-1-choose-a-mesh.png")
    _save(windows[2], target / "preview-2-it-stands-in-its-place.png")
    _save(engine(Path(images)), target / "preview-3-the-local-engine.jpg")
    film(before, after, windows, target)


def _opened(path: Path) -> Image.Image:
    picture = Image.open(path).convert("RGB")
    if picture.size != PICTURE_SIZE:
        sys.exit(f"{path} is not {WIDTH} x {HEIGHT}.")
    return picture


def _save(picture: Image.Image, path: Path) -> None:
    """Write it. The platform takes no more than 10 MB."""
    picture.save(path, **({"quality": 90} if path.suffix == ".jpg" else {"optimize": True}))
    if path.stat().st_size > LARGEST_BYTES:
        sys.exit(f"{path} is larger than the platform takes.")


def _font(size: int) -> ImageFont.FreeTypeFont:
    """Pillow's own font: the same everywhere."""
    found = ImageFont.load_default(size)
    assert isinstance(found, ImageFont.FreeTypeFont)
    return found


def icon(rendered: Image.Image) -> Image.Image:
    """The rendered chair in its box on a dark square with round corners."""
    scale = 4
    side = ICON_SIZE[0] * scale
    square = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    ImageDraw.Draw(square).rounded_rectangle((0, 0, side - 1, side - 1), radius=side // 5, fill=(*DARK, 255))
    shown = rendered.crop(rendered.getbbox())
    shown.thumbnail((int(side * 0.8), int(side * 0.8)))
    if shown.height < side * 0.7:
        factor = side * 0.8 / max(shown.size)
        shown = shown.resize((int(shown.width * factor), int(shown.height * factor)), Image.Resampling.LANCZOS)
    square.alpha_composite(shown, ((side - shown.width) // 2, (side - shown.height) // 2))
    return square.resize(ICON_SIZE, Image.Resampling.LANCZOS)


def split(before: Image.Image, after: Image.Image, share: float) -> Image.Image:
    """*before* on the right and *after* on the left of a leaning line, which has come *share* of its way."""
    lean = int(HEIGHT * LEAN)
    middle = int(-lean + share * (WIDTH + 2 * lean))
    top, bottom = middle + lean, middle - lean
    mask = Image.new("L", PICTURE_SIZE, 0)
    ImageDraw.Draw(mask).polygon([(0, 0), (top, 0), (bottom, HEIGHT), (0, HEIGHT)], fill=255)
    both = Image.composite(after, before, mask)
    ImageDraw.Draw(both).line([(top, 0), (bottom, HEIGHT)], fill=(255, 255, 255), width=6)
    return both


def titled(picture: Image.Image, title: str) -> Image.Image:
    """*picture*, a window, with words on a dark band over what matters least in it, the timeline."""
    shade = Image.new("RGBA", (WIDTH, 110), (*DARK, 235))
    found = picture.convert("RGBA")
    found.alpha_composite(shade, (0, HEIGHT - shade.height))
    ImageDraw.Draw(found).text((64, HEIGHT - 88), title, font=_font(54), fill=LIGHT)
    return found.convert("RGB")


def on_the_wall(picture: Image.Image, title: str, *lines: str) -> Image.Image:
    """*picture*, a render of the demo, with words on its empty wall at the top right."""
    found = picture.copy()
    draw = ImageDraw.Draw(found)
    draw.text((WIDTH - 64, 48), title, font=_font(84 if lines else 54), fill=DARK, anchor="ra")
    for number, line in enumerate(lines):
        draw.text((WIDTH - 64, 160 + 48 * number), line, font=_font(36), fill=DARK, anchor="ra")
    return found


def featured(before: Image.Image, after: Image.Image) -> Image.Image:
    """Half block-outs, half results, and the name in large letters."""
    both = split(before, after, 0.5)
    return on_the_wall(both, "CSM Refine", "Block out with boxes.", "Meshes stand exactly", "where the boxes stood.")


def engine(images: Path) -> Image.Image:
    """What the local engine makes of rough meshes: two of the docs' pictures on a dark ground."""
    page = Image.new("RGB", PICTURE_SIZE, DARK)
    draw = ImageDraw.Draw(page)
    rows = [Image.open(images / name).convert("RGB") for name in ("remesh-cabinet.jpg", "remesh-creature.jpg")]
    left = (WIDTH - rows[0].width) // 2
    draw.text((left, 40), "A rough mesh in, a clean one out", font=_font(58), fill=LIGHT)
    columns = ("damaged, 300,000 triangles", "refined, 20,000 triangles", "the wires of it", "the wires of it")
    for number, words in enumerate(columns):
        draw.text((left + number * rows[0].width // 4 + 4, 142), words, font=_font(29), fill=BLUE)
    for number, row in enumerate(rows):
        page.paste(row, (left, 200 + number * 430))
    return page


def frames(before: Image.Image, after: Image.Image, windows: list[Image.Image]) -> Iterator[tuple[Image.Image, int]]:
    """Each picture of the film, and for how many frames it stands."""
    yield on_the_wall(before, "You block out a scene"), 45
    steps = 45
    for step in range(steps + 1):
        share = step / steps
        yield split(before, after, share * share * (3 - 2 * share)), 1
    yield on_the_wall(after, "Same places, sizes, origins"), 60
    captions = ("Select a block-out, choose a mesh, press Refine", "Go on working meanwhile", "It stands in its place")
    for window, words in zip(windows, captions, strict=True):
        yield titled(window, words), 75
    yield featured(before, after), 60


def film(before: Image.Image, after: Image.Image, windows: list[Image.Image], target: Path) -> None:
    """``film.mp4`` where there is ffmpeg, and else ``film.webp``, an animated picture."""
    if shutil.which("ffmpeg") is None:
        shown = list(frames(before, after, windows))
        small = [picture.resize((WIDTH // 2, HEIGHT // 2)) for picture, _ in shown]
        lasts = [count * 1000 // FRAMES_PER_S for _, count in shown]
        small[0].save(target / "film.webp", save_all=True, append_images=small[1:], duration=lasts, loop=0, quality=80)
        return
    with tempfile.TemporaryDirectory() as folder:
        lines, last = [], ""
        for number, (picture, count) in enumerate(frames(before, after, windows)):
            last = f"{folder}/{number:03}.jpg"
            picture.save(last, quality=95)
            lines += [f"file '{last}'", f"duration {count / FRAMES_PER_S:.5f}"]
        listed = Path(folder) / "frames.txt"
        listed.write_text("\n".join([*lines, f"file '{last}'"]), encoding="utf-8")
        coding = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "20", "-r", str(FRAMES_PER_S)]
        call = ["ffmpeg", "-y", "-v", "error", "-f", "concat", "-safe", "0", "-i", str(listed)]
        subprocess.run([*call, *coding, "-movflags", "+faststart", str(target / "film.mp4")], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
