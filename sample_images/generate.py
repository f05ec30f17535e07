#!/usr/bin/env python3
"""Paint the sample pictures: every one from arithmetic, none from a camera.

    python sample_images/generate.py [FOLDER]

The same library versions make the same bytes: nothing here reads a clock, and every random number comes from a seed
that is the picture's own name. README.md, next to this file, says what each picture is for.
"""

import io
import os
import struct
import sys
import zlib
from collections.abc import Callable
from functools import cache, partial

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

Array = np.ndarray

TAU = 2 * np.pi


# --- The paint box ----------------------------------------------------------------------------------------------------


def seeded(name: str) -> np.random.Generator:
    """Random numbers that belong to one picture, so that adding another changes none."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def canvas(width: int, height: int) -> tuple[Array, Array]:
    """The coordinates of every pixel's centre: y from 0 to 1 downwards, x in the same unit."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return (x + 0.5) / height, (y + 0.5) / height


def rgb(colour: str) -> Array:
    """'#ff8000' as three floats from 0 to 1."""
    return np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)], np.float32)


def ramp(t: Array, stops: str) -> Array:
    """Colours along a gradient: `t` is looked up between the stops, "0 #000000, 1 #ffffff"."""
    pairs = [stop.split() for stop in stops.split(",")]
    colours = np.array([rgb(colour) for _, colour in pairs])
    at = [float(place) for place, _ in pairs]
    return np.stack([np.interp(t, at, colours[:, band]).astype(np.float32) for band in range(3)], axis=-1)


def smooth(low: float, high: float, t: Array) -> Array:
    """0 below `low`, 1 above `high`, and an S between; with `low` above `high` it falls."""
    t = np.clip((t - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def over(below: Array, colour: Array, cover: Array) -> Array:
    """Paint `colour` where `cover` is 1 and leave what is there where it is 0."""
    # Band by band: three samples are too few for numpy's innermost loop.
    bands = [below[..., band] + (colour[..., band] - below[..., band]) * cover for band in range(3)]
    return np.stack(bands, axis=-1)


def noise(rng: np.random.Generator, width: int, height: int, cells: tuple[int, int], octaves: int = 5) -> Array:
    """Fractal noise around 0.5: ever finer grids of random numbers, each half as loud as the one before."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        grid = rng.random((min(cells[1] << octave, height) + 3, min(cells[0] << octave, width) + 3), np.float32)
        layer = cv2.resize(
            grid, (width + 2 * width // cells[0], height + 2 * height // cells[1]), interpolation=cv2.INTER_CUBIC
        )
        total += layer[:height, :width] / 2**octave
    return total / (2 - 2.0 ** (1 - octaves))


def glow(picture: Array, radius: float, strength: float) -> Array:
    """What is bright shines on what is near."""
    return picture + strength * cv2.GaussianBlur(picture, (0, 0), radius)


def sampled(picture: Array, x: Array, y: Array) -> Array:
    """The picture as it is at these places, between its pixels too; beyond its edge it is mirrored."""
    return cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def polygon(draw: ImageDraw.ImageDraw, scale: int, points: str, colour: str) -> None:
    """Fill a shape whose corners are written "x,y x,y x,y"."""
    draw.polygon([float(number) * scale for number in points.replace(",", " ").split()], fill=colour)


def painted(picture: Array) -> Image.Image:
    """Floats from 0 to 1 become a picture."""
    return Image.fromarray(np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8))


def file_of(picture: Image.Image, kind: str, **options: object) -> bytes:
    """The bytes of a picture's file."""
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


# --- Landscapes -------------------------------------------------------------------------------------------------------


def dune_field(rng: np.random.Generator, across: int, deep: int) -> tuple[Array, Array, Array]:
    """A map of dunes, one cell a hundredth of a unit: height, light, and how much of the sun each place sees."""
    z, x = np.mgrid[0:deep, 0:across].astype(np.float32) / 100
    bend = noise(rng, across, deep, (5, 4), 4)
    swell = noise(rng, across, deep, (4, 4), 3)
    height = np.zeros_like(x)
    for frequency, slant, wander, loudness in ((0.30, 0.12, 1.5, 0.95), (0.62, -0.25, 1.7, 0.2)):
        phase = (x * frequency + z * slant + bend * wander) % 1
        # The wind builds a long slope up to a sharp crest, and the sand falls down a short one behind it.
        climb, fall = phase / 0.66, (1 - phase) / 0.34
        profile = np.where(climb < 1, 0.5 * climb + 0.5 * smooth(0, 1, climb), np.clip(fall, 0, 1) ** 1.5)
        height += profile * loudness * (0.35 + swell)
    height = cv2.GaussianBlur(height, (0, 0), 1.6)
    slope_z, slope_x = np.gradient(height, 0.01)
    sun = np.array([-0.78, 0.3, 0.55]) / np.linalg.norm([-0.78, 0.3, 0.55])
    facing = (-slope_x * sun[0] + sun[1] - slope_z * sun[2]) / np.sqrt(1 + slope_x**2 + slope_z**2)
    # A place lies in shadow when the highest line of sun that grazes anything on its left passes above it.
    grazing = np.maximum.accumulate(height + 0.36 * x, axis=1) - 0.36 * x
    seen = cv2.GaussianBlur(smooth(0.035, 0.0, grazing - height), (0, 0), 1.0)
    return height, np.clip(facing, 0, 1).astype(np.float32), seen


def dune_sky(rng: np.random.Generator, width: int, height: int) -> Array:
    """Dusk over a horizon that lies at 0.5: bands of colour, streaks of cloud, and the first stars."""
    x, y = canvas(width, height)
    up = np.clip((0.5 - y) / 0.5, 0, 1)
    sky = ramp(up, "0 #ffd9a0, 0.09 #fdb27a, 0.24 #e07f7c, 0.45 #8b5a91, 0.72 #3a3a78, 1 #141b45")
    sunny = np.exp(-(((x - 0.22) / 0.42) ** 2) - (up / 0.26) ** 2)
    sky += sunny[..., None] * rgb("#ff7a2c") * 0.3
    cloud = smooth(0.52, 0.8, noise(rng, width, height, (3, 22), 5)) * smooth(0.02, 0.2, up) * smooth(0.75, 0.3, up)
    sky = over(sky, ramp(up, "0 #ffe0b0, 0.3 #ff9d86, 0.7 #8f6aa5"), cloud * 0.6)
    stars = np.zeros((height, width), np.float32)
    many = 520
    rows, columns = (rng.random(many) ** 1.6 * height * 0.36).astype(int), rng.integers(2, width - 2, many)
    stars[rows, columns] = rng.random(many) ** 3 * 5
    stars = cv2.GaussianBlur(stars, (0, 0), 1.3) * 4 * smooth(0.3, 0.75, up)
    return sky + stars[..., None] * rgb("#fff6e8")


def dunes_picture(width: int, height: int) -> Array:
    """Dunes at sunset: every column of the picture is a walk over the map, until the ground hides what lies behind."""
    rng = seeded("dunes")
    ground, facing, seen = dune_field(rng, 1800, 1500)
    eye, near, far, aspect = 1.75, 1.4, 14.8, width / height
    depth = np.geomspace(near, far, 1100).astype(np.float32)[:, None]
    angle = (np.linspace(-0.5, 0.5, width, dtype=np.float32) * aspect * 0.78)[None, :]
    cells = (np.float32(900) + depth * angle * 70, np.broadcast_to(depth * 100, (len(depth), width)).astype(np.float32))
    rise = (sampled(ground, *cells) - eye) / depth
    horizon = np.maximum.accumulate(rise, axis=0)
    looks = (0.42 - (np.arange(height, dtype=np.float32) + 0.5) / height) * 0.78
    hit = np.full((height, width), far + 1, np.float32)
    for column in range(width):
        hit[:, column] = np.interp(looks, horizon[:, column] + np.arange(len(depth)) * 1e-7, depth[:, 0], right=far + 1)
    sand = sand_light(rng, (ground, facing, seen), hit, angle)
    return np.where((hit > far)[..., None], dune_sky(rng, width, height), sand)


def sand_light(rng: np.random.Generator, field: tuple[Array, Array, Array], hit: Array, angle: Array) -> Array:
    """The colour of the sand at a given distance in every direction: sun, sky, ripples, and haze far away."""
    across, along = 900 + hit * angle * 70, hit * 100
    _, facing, seen = (sampled(layer, across, along) for layer in field)
    height, width = hit.shape
    grain = noise(rng, width, height, (220, 160), 3) - 0.5
    wave = noise(rng, 900, 750, (24, 20), 3)
    wave = sampled(wave, across / 2, along / 2)
    ripples = np.sin(across * 1.5 + along * 0.55 + wave * 26) * smooth(6.0, 1.5, hit)
    light = np.clip(facing * (1 + 0.16 * ripples) + 0.03 * ripples, 0, 1.2) * seen
    shade = rgb("#4a2c4d") * (0.75 + 0.3 * facing[..., None] + 0.05 * ripples[..., None])
    sand = shade + light[..., None] * (rgb("#ffab5c") * 1.12 - rgb("#3a1c2c") * 0.4)
    sand *= 1 + grain[..., None] * 0.22 * smooth(9, 2, hit)[..., None]
    return over(sand, rgb("#f2a886"), 0.78 * smooth(3.0, 16.0, hit))


def dunes() -> bytes:
    """The photograph of the collection: large, with the EXIF block a camera with a GPS receiver writes."""
    picture = painted(dunes_picture(3000, 2000)).resize((2400, 1600), Image.Resampling.LANCZOS)
    exif = Image.Exif()
    exif.update({0x010E: "Dunes at sunset", 0x010F: "imgpipe", 0x0110: "generate.py", 0x8298: "The imgpipe developers"})
    exif.get_ifd(0x8769).update({0x9003: "2026:06:21 18:32:05", 0x829A: 1 / 250, 0x829D: 8.0, 0x8827: 100})
    exif.get_ifd(0x8825).update({1: "S", 2: (24.0, 43.0, 39.0), 3: "E", 4: (15.0, 17.0, 51.0)})
    return file_of(picture, "JPEG", quality=84, exif=exif)


def pine(cover: Array, foot: tuple[float, float], tall: float, lean: float) -> None:
    """One pine into a layer of forest: a tier of branches above another, each wider."""
    height, width = cover.shape
    left, right = max(0, int(foot[0] - tall * 0.3)), min(width, int(foot[0] + tall * 0.3))
    top = max(0, int(foot[1] - tall))
    if left >= right:
        return
    y, x = np.mgrid[top:height, left:right].astype(np.float32)
    down = (y - (foot[1] - tall)) / tall
    side = (x - foot[0] - lean * tall * (1 - down)) / tall
    tier = (down * (5 + tall / 25)) % 1
    # A branch hangs: far from the trunk its tier begins lower.
    reach = 0.19 * np.clip(down, 0, 1) ** 0.9 * (0.42 + 0.58 * tier) + 0.006
    tree = smooth(0.012, -0.012, np.abs(side) - reach)
    cover[top:, left:right] = np.maximum(cover[top:, left:right], tree * smooth(0, 0.02, down))


def forest(rng: np.random.Generator, size: tuple[int, int], sky: Array, air: tuple[str, str]) -> Array:
    """Ridges of pines in fog, the far ones the colour of the air, the near ones dark."""
    width, height = size
    y = canvas(width, height)[1]
    drift = noise(rng, width, height, (4, 7), 4)
    picture = sky
    for layer in range(6):
        nearness = layer / 5
        line = 0.44 + 0.5 * nearness**1.25 + 0.2 * (noise(rng, width, 1, (3, 1), 3)[0] - 0.5)
        cover = smooth(-0.002, 0.002, y - line)
        tall = height * (0.055 + 0.25 * nearness**1.4)
        for middle in np.arange(0, width, tall * 0.16):
            place = middle + rng.normal(0, tall * 0.1)
            foot = line[int(np.clip(place, 0, width - 1))] * height + tall * 0.08
            pine(cover, (place, foot), tall * (0.55 + 0.6 * rng.random()), rng.normal(0, 0.02))
        far, near = rgb(air[0]), rgb(air[1])
        tone = far + (near - far) * (0.12 + 0.88 * nearness**1.15)
        fog = smooth(0.0, 0.24, y - line + (drift - 0.5) * 0.3) * (0.85 - 0.7 * nearness)
        picture = over(picture, over(np.broadcast_to(tone, picture.shape), far, fog), cover)
    return picture


def grey() -> bytes:
    """A forest in the morning fog, in one band."""
    rng = seeded("grey")
    x, y = canvas(900, 600)
    sun = np.exp(-((x - 1.05) ** 2 + (y - 0.2) ** 2) / 0.03)
    sky = ramp(y, "0 #b4b4b4, 0.45 #e6e6e6") + 0.22 * sun[..., None]
    sky = over(sky, rgb("#ffffff"), smooth(0.075, 0.068, np.hypot(x - 1.05, y - 0.2)))
    picture = forest(rng, (900, 600), sky, ("#e4e4e4", "#1b1b1b"))
    return file_of(painted(picture).convert("L"), "JPEG", quality=84)


def bird(draw: ImageDraw.ImageDraw, x: float, y: float, span: float, lift: float) -> None:
    """Two wings, seen from far away."""
    wing = [(-1.0, -lift), (-0.45, -lift * 1.25), (0.0, 0.15), (0.45, -lift * 1.25), (1.0, -lift)]
    under = [(0.45, -lift * 0.95), (0.0, 0.42), (-0.45, -lift * 0.95)]
    draw.polygon([(x + a * span, y + b * span) for a, b in wing + under], fill=255)


def frueh() -> bytes:
    """Early, as its name says: the sun over a lake, the forest twice."""
    width, height, shore = 900, 600, 380
    rng = seeded("früh")
    x, y = canvas(width, shore)
    near_sun = np.hypot(x - 0.82, y - 0.42)
    sky = ramp(y, "0 #6f9fc4, 0.35 #c4cfd4, 0.62 #ffd7ae, 1 #ffc59a")
    sky += np.exp(-near_sun / 0.16)[..., None] * rgb("#ffb25e") * 0.6
    sky = over(sky, rgb("#fffbe8"), smooth(0.066, 0.062, near_sun))
    land = forest(rng, (width, shore), sky, ("#f3cfb6", "#24364a"))
    flock = Image.new("L", (width * 4, shore * 4))
    for _ in range(9):
        bird(
            ImageDraw.Draw(flock),
            rng.normal(1500, 260),
            rng.normal(330, 100),
            22 + 26 * rng.random(),
            0.2 + 0.5 * rng.random(),
        )
    land = over(land, rgb("#2b3f55"), np.asarray(flock.resize((width, shore), Image.Resampling.BOX), np.float32) / 255)
    water_y, water_x = np.mgrid[0 : height - shore, 0:width].astype(np.float32)
    waves = (noise(rng, width, height - shore, (6, 40), 4) - 0.5) * (2 + water_y * 0.14)
    mirror = sampled(land.astype(np.float32), water_x + waves * 0.7, shore - 3 - water_y * 1.25 + waves * 2.2)
    mirror = over(mirror * 0.93, rgb("#5d7f9b"), 0.12 + 0.2 * water_y / (height - shore))
    mist = np.exp(-(((np.arange(height, dtype=np.float32) - shore) / 26.0) ** 2))[:, None] * (
        0.55 + 0.6 * noise(rng, width, height, (5, 9), 4)
    )
    return file_of(
        painted(over(np.vstack([land, mirror]), rgb("#ffe6cf"), np.clip(mist, 0, 0.9))), "WEBP", quality=80, method=6
    )


def sixteen_bit() -> bytes:
    """The last light behind hills: so even that 256 steps would show as bands. Pillow cannot write it; OpenCV can."""
    x, y = canvas(420, 280)
    rng = seeded("sixteen-bit")
    sky = ramp(
        y * 0.9,
        "0 #0a1230, 0.35 #1d2f63, 0.6 #54548c, 0.74 #b0717f, 0.84 #f0a06a, 1 #ffd58a",
    ).astype(np.float64)
    sky += np.exp(-(((x - 0.95) / 0.5) ** 2) - ((y - 0.86) / 0.2) ** 2)[..., None] * np.array([0.16, 0.1, 0.02])
    for line, tone in ((0.8, "#4a3356"), (0.88, "#241c38"), (0.95, "#0d0b1a")):
        ridge = line + 0.22 * (noise(rng, 420, 1, (3, 1), 6)[0] - 0.5)
        sky = over(sky, rgb(tone), smooth(-0.003, 0.003, y - ridge))
    star = np.hypot(x - 0.36, y - 0.34)
    sky = over(sky, rgb("#fff4d6"), np.clip(smooth(0.007, 0.003, star) + 0.35 * np.exp(-star / 0.012), 0, 1))
    levels = np.clip(sky * 65535 + 0.5, 0, 65535).astype(np.uint16)
    done, data = cv2.imencode(".png", levels[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    assert done
    return bytes(data)


# --- The city and the sea ---------------------------------------------------------------------------------------------


def houses(rng: np.random.Generator, picture: Array, ground: int, layer: int) -> Array:
    """One row of a city into the picture; gives back its lit windows."""
    lights = np.zeros_like(picture)
    body = [rgb("#252c56"), rgb("#171c3d"), rgb("#0b0e22")][layer]
    pane, gap, width = (3, 4, 5)[layer], (3, 4, 5)[layer], picture.shape[1]
    left = -int(rng.integers(0, 60))
    while left < width:
        wide = int(rng.integers(6, 15)) * (pane + gap) + gap
        centred = np.exp(-((((left + wide / 2) / width) - (0.6, 0.42, 0.68)[layer]) ** 2) / 0.05)
        tall = int((0.16 + 0.36 * centred + 0.2 * rng.random() ** 2) * ground * (1.22, 1.0, 0.72)[layer])
        top, a, b = ground - tall, max(left, 0), min(left + wide, width)
        if a < b:
            picture[top:ground, a:b] = body * np.linspace(0.8, 1.45, tall, dtype=np.float32)[:, None, None]
            if centred > 0.75 and rng.random() < 0.6:
                mast = min((a + b) // 2, width - 3)
                picture[top - tall // 5 : top, mast : mast + 2] = body
                lights[top - tall // 5 : top - tall // 5 + 4, mast - 1 : mast + 3] = rgb("#ff3b30") * 1.5
            lit = 0.16 + 0.4 * rng.random()
            for row in range(top + 2 * gap, ground - gap, pane + gap + 1):
                for column in range(left + gap, left + wide - pane, pane + gap):
                    if rng.random() < lit and 0 <= column < width - pane:
                        tint = rgb(
                            ("#ffd27a", "#ffb65c", "#fff0c8", "#9fd0ff")[int(rng.choice(4, p=[0.45, 0.3, 0.2, 0.05]))]
                        )
                        lights[row : row + pane + 1, column : column + pane] = (
                            tint * (0.35 + 0.65 * rng.random()) * (0.55, 0.8, 1.0)[layer]
                        )
        left += wide + int(rng.integers(0, 10))
    return lights


@cache
def skyline_picture() -> Array:
    """A city at night on a river."""
    width, height, shore = 1600, 1000, 690
    rng = seeded("skyline")
    x, y = canvas(width, shore)
    sky = ramp(y, "0 #070b24, 0.45 #1b2258, 0.8 #5a3f7d, 1 #b3647e")
    sky[(rng.random(260) ** 1.5 * shore * 0.6).astype(int), rng.integers(0, width, 260)] += rng.random((260, 1)) * 0.9
    moon = np.hypot(x - 0.42, y - 0.2)
    sky += np.exp(-moon / 0.09)[..., None] * rgb("#9aa6e0") * 0.35
    craters = noise(rng, width, shore, (60, 26), 3)
    sky = over(sky, rgb("#fdf6df") * (0.72 + 0.36 * craters[..., None]), smooth(0.058, 0.055, moon))
    for layer in range(3):
        lights = houses(rng, sky, shore, layer)
        sky = np.maximum(sky, lights)
        sky += glow(lights, 5, 1.0)[...] * 0.25 + cv2.GaussianBlur(lights, (0, 0), 22) * 0.28
        if layer < 2:
            sky = over(sky, rgb("#7a4f83"), smooth(0.55, 1.0, y) * 0.3)
    deep = height - shore
    down, along = np.mgrid[0:deep, 0:width].astype(np.float32)
    wave = (noise(rng, width, deep, (14, 60), 4) - 0.5) * (6 + down * 0.16)
    water = sampled(sky.astype(np.float32), along + wave * 0.6, shore - 2 - down * 2.15 + wave * 4)
    water = cv2.blur(water, (1, 19)) * (0.8 - 0.35 * down / deep)[..., None]
    water += (wave[..., None] > 4.2 + down[..., None] * 0.06) * rgb("#5b5f9c") * 0.1
    return np.vstack([sky, water])


def skyline() -> bytes:
    """The city as a progressive JPEG with full colour resolution."""
    return file_of(painted(skyline_picture()), "JPEG", quality=82, progressive=True, subsampling="4:4:4")


def truncated() -> bytes:
    """The city again, small, and its transfer broken off at 60 %."""
    data = file_of(painted(skyline_picture()).resize((800, 500), Image.Resampling.LANCZOS), "JPEG", quality=85)
    return data[: len(data) * 6 // 10]


def text() -> bytes:
    """No picture at all."""
    return b"This is a text file that somebody named .jpg.\nimgpipe reads what a file is, not what it is called.\n"


def lighthouse() -> bytes:
    """A lighthouse at night; its two beams turn once in sixteen pictures."""
    width, height = 400, 300
    rng = seeded("lighthouse")
    x, y = canvas(width, height)
    night = ramp(y, "0 #0b1030, 0.3 #18224f, 0.55 #33386e, 0.7 #6b5584")
    rows, columns = rng.integers(0, 170, 70), rng.integers(0, width, 70)
    night[rows, columns] += 0.25 + 0.6 * rng.random((70, 1))
    sea = ramp(y, "0.7 #3a4274, 0.8 #1f2955, 1 #0c1233")
    wave = np.sin(TAU * np.sqrt(np.clip(y - 0.66, 0, 1)) * 24 + 3 * np.sin(x * 7 + y * 20)) * np.sin(
        x * (30 - 14 * y) + y * 57
    )
    night = np.where((y > 0.7)[..., None], sea + 0.035 * (wave > 0.45)[..., None], night)
    scene, cover = lighthouse_tower(width, height)
    frames = [
        painted(over(night + beams(x, y, turn / 16)[..., None] * rgb("#fff0b8"), scene, cover)) for turn in range(16)
    ]
    # One palette for all pictures of the animation: nothing flickers, and still parts cost no bytes.
    strip = Image.new("RGB", (width, height * 4))
    for place in range(4):
        strip.paste(frames[place * 4 + 1], (0, height * place))
    palette = strip.quantize(160, Image.Quantize.MEDIANCUT, kmeans=1)
    frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    return file_of(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=110, loop=0, optimize=True)


def beams(x: Array, y: Array, turn: float) -> Array:
    """Two beams from the lamp, the one opposite the other, seen from the side; bright when they come at us."""
    lamp_x, lamp_y = 0.86, 0.285
    light = 0.7 * np.exp(-np.hypot(x - lamp_x, y - lamp_y) / 0.035)
    for half in (0.0, 0.5):
        across, towards = np.cos(TAU * (turn + half)), np.sin(TAU * (turn + half))
        along = (x - lamp_x) * np.sign(across)
        reach = abs(across) * 1.15 + 1e-3
        spread = 0.012 + np.clip(along, 0, None) / reach * (0.075 + 0.09 * max(0.0, towards))
        beam = (
            smooth(1, 0.25, np.abs(y - lamp_y - 0.02 * towards * along) / spread)
            * smooth(0, 0.02, along)
            * smooth(reach, 0.0, along)
        )
        light = np.maximum(light, beam * (0.5 + 0.3 * towards))
        light = np.maximum(light, max(0.0, towards) ** 6 * np.exp(-np.hypot(x - lamp_x, y - lamp_y) / 0.11))
    return np.clip(light, 0, 1)


def lighthouse_tower(width: int, height: int) -> tuple[Array, Array]:
    """The tower on its rock: the colours, and where they cover what is behind."""
    scale = 4
    scene = Image.new("RGBA", (width * scale, height * scale))
    shape = partial(polygon, ImageDraw.Draw(scene), scale)
    shape("150,300 168,262 190,243 212,229 236,222 282,221 306,231 330,238 352,262 376,274 400,300", "#0a0d1f")
    shape("212,229 236,222 282,221 306,231 290,236 262,231 238,238", "#1b2140")
    for band in range(5):
        top, bottom = 101 + band * 25, 101 + (band + 1) * 25
        upper, lower = (14 + (edge - 101) * 0.072 for edge in (top, bottom))
        sides = f"{258 + upper},{top} {258 + lower},{bottom}"
        shape(f"{258 - upper},{top} {sides} {258 - lower},{bottom}", ("#b5333a", "#e9dfd2")[band % 2])
        shape(f"{258 + upper * 0.2},{top} {sides} {258 + lower * 0.2},{bottom}", ("#7c2233", "#a79fae")[band % 2])
    shape("238,101 278,101 276,96 240,96", "#10142b")
    shape("249,96 267,96 267,76 249,76", "#ffe9a8")
    shape("245,76 271,76 265,68 258,61 251,68", "#7c2233")
    for bar in (249, 257.5, 266.5):
        shape(f"{bar - 0.7},96 {bar + 0.7},96 {bar + 0.7},76 {bar - 0.7},76", "#10142b")
    for window in (135, 186):
        shape(f"255,{window} 260,{window} 260,{window + 8} 255,{window + 8}", "#ffd98a")
    pixels = np.asarray(scene.resize((width, height), Image.Resampling.BOX), np.float32) / 255
    return pixels[..., :3], pixels[..., 3]


@cache
def sea_and_sky(width: int, height: int) -> Image.Image:
    """A bay in the sun, with nobody on it."""
    x, y = canvas(width, height)
    sky = ramp(y, "0 #3f8fd0, 0.62 #cdeaf5")
    sky = over(sky, rgb("#fff3b0"), 0.7 * np.exp(-np.hypot(x - 1.12, y - 0.17) / 0.07))
    sky = over(sky, rgb("#ffdf6b"), smooth(0.073, 0.07, np.hypot(x - 1.12, y - 0.17)))
    for cloud_x, cloud_y, size in ((0.18, 0.2, 0.06), (0.26, 0.18, 0.075), (0.35, 0.21, 0.055)):
        sky = over(
            sky,
            rgb("#ffffff"),
            smooth(0.004, -0.004, np.hypot((x - cloud_x) * 0.8, y - cloud_y) - size) * smooth(0.245, 0.235, y),
        )
    hills = 0.62 - 0.07 * np.sin(x * 3.1 + 0.4) ** 2 - 0.03 * np.sin(x * 8)
    sky = over(sky, rgb("#6fa58a"), smooth(-0.003, 0.003, y - hills))
    sea = over(
        ramp(y, "0.64 #3d9ec2, 1 #0f4f82"),
        rgb("#bfe8f2"),
        0.35 * smooth(0.9, 1, np.sin(y * 70 + np.sin(x * 16 + y * 40))),
    )
    return painted(np.where((y > 0.64)[..., None], sea, sky))


def boat(number: int) -> Image.Image:
    """A sailing boat with a number on its sail: nobody can mistake which way is up."""
    scale, width, height = 4, 320, 240
    picture = sea_and_sky(width * scale, height * scale).copy()
    draw = ImageDraw.Draw(picture)
    shape = partial(polygon, draw, scale)
    shape("158,30 158,158 92,158", "#fffaf0")
    shape("165,44 165,158 212,158", "#f2e3c9")
    shape("159,22 164,22 164,170 159,170", "#5a3a28")
    shape("164,20 164,32 186,26", "#d8343f")
    shape("80,166 232,166 212,194 102,194", "#b8323a")
    shape("80,166 232,166 229,171 83,171", "#ffffff")
    draw.text(
        (137 * scale, 124 * scale), str(number), fill="#14365c", font=ImageFont.load_default(46 * scale), anchor="mm"
    )
    return picture.resize((width, height), Image.Resampling.LANCZOS)


# How a picture must be turned before it is stored, for a viewer that obeys the tag to show it upright.
STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def oriented(number: int) -> bytes:
    """The boat as a camera held in one of eight ways stores it."""
    picture = boat(number)
    if number in STORED:
        picture = picture.transpose(STORED[number])
    exif = Image.Exif()
    exif[0x0112] = number
    return file_of(picture, "JPEG", quality=88, exif=exif)


# --- Figures ----------------------------------------------------------------------------------------------------------


def oklch(light: Array, chroma: Array, hue: Array) -> Array:
    """Oklab's polar form to sRGB: equal numbers look equally bright, whatever the hue."""
    a, b = chroma * np.cos(hue), chroma * np.sin(hue)
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = np.stack(
        [
            4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
            -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
            -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
        ],
        axis=-1,
    )
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def alpha() -> bytes:
    """A colour wheel that fades out at its rim and around its hub."""
    x, y = canvas(480, 480)
    clear, weight, tint = np.ones_like(x), np.full_like(x, 1e-6), np.zeros((480, 480, 2), np.float32)
    for petal in range(12):
        angle = TAU * petal / 12
        along = (x - 0.5) * np.cos(angle) + (0.5 - y) * np.sin(angle)
        aside = (x - 0.5) * np.sin(angle) - (0.5 - y) * np.cos(angle)
        cover = 0.62 * smooth(1.0, 0.55, np.hypot((along - 0.27) / 0.2, aside / 0.135))
        clear, weight = clear * (1 - cover), weight + cover
        tint += cover[..., None] * np.array([np.cos(angle), np.sin(angle)], np.float32)
    hue = np.arctan2(tint[..., 1], tint[..., 0])
    colour = oklch(0.66 + 0.16 * smooth(0.3, 1.5, weight), 0.06 + 0.13 * np.hypot(x - 0.5, y - 0.5) / 0.35, hue)
    cover = 1 - clear
    # Eight bits of alpha, then the colours of what cannot be seen are wiped: they would only cost bytes.
    pixels = np.asarray(painted(np.dstack([colour, cover]))).copy()
    pixels[pixels[..., 3] == 0] = 0
    return file_of(Image.fromarray(pixels), "PNG", optimize=True)


def palette() -> bytes:
    """A mandala out of polar curves, in 128 colours."""
    x, y = canvas(1280, 1280)
    radius, angle = np.hypot(x - 0.5, y - 0.5) * 2, np.arctan2(y - 0.5, x - 0.5)
    picture = ramp(radius, "0 #2a1042, 0.75 #140a2b, 1.42 #07040f")
    rings = [
        (0.95, 24, 0.04, "#3d1d66", "#7a3f98"),
        (0.84, 16, 0.1, "#8c2f6d", "#e0567f"),
        (0.70, 16, 0.09, "#d9504f", "#ffb05c"),
        (0.56, 12, 0.12, "#f2a93b", "#ffe9a3"),
        (0.42, 12, 0.09, "#1f7a7a", "#7fd6c2"),
        (0.30, 8, 0.09, "#2b3f8c", "#86a8ff"),
        (0.17, 8, 0.05, "#f2e2b6", "#ffffff"),
    ]
    for index, (size, petals, depth, low, high) in enumerate(rings):
        turn = angle + np.pi / petals * (index % 2)
        wave = np.abs(np.cos(turn * petals / 2))
        edge = size - depth + depth * 1.2 * wave**0.7
        inside = radius / edge
        tone = ramp(inside**3 + 0.14 * np.cos(turn * petals) * inside, f"0.1 {low}, 1 {high}")
        picture = over(picture, rgb("#0d0620"), smooth(0.016, -0.004, radius - edge) * 0.75)
        picture = over(picture, tone, smooth(0.002, -0.002, radius - edge))
        vein = (
            smooth(0.02, 0.008, np.abs(np.sin(turn * petals / 2)) * radius)
            * smooth(0.55, 0.7, inside)
            * smooth(1.0, 0.93, inside)
        )
        picture = over(picture, rgb("#fff6dc"), vein * (0.6 if index < 6 else 0))
        dots = np.hypot(np.sin(turn * petals / 2) * 2 / petals * radius, radius - edge + depth * 0.55)
        picture = over(picture, rgb("#fff6dc"), smooth(0.013, 0.009, dots) * (wave > 0.7))
    picture = over(picture, rgb("#e0567f"), smooth(0.05, 0.046, radius))
    small = painted(picture).resize((640, 640), Image.Resampling.LANCZOS)
    return file_of(
        small.quantize(128, Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE), "PNG", optimize=True
    )


def jellyfish() -> bytes:
    """A jellyfish that swims: transparent wherever it is not."""
    frames = [painted(jellyfish_frame(turn / 18)).resize((256, 288), Image.Resampling.BOX) for turn in range(18)]
    # kmin and kmax 0: nearly every pixel moves, so looking for what stayed would cost a minute and save nothing.
    options = {"quality": 66, "alpha_quality": 90, "method": 6, "kmin": 0, "kmax": 0}
    return file_of(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=80, loop=0, **options)


def jellyfish_frame(turn: float) -> Array:
    """One moment of its stroke: the bell closes fast and opens slowly, the arms follow late."""
    x, y = canvas(448, 504)
    beat = 0.5 - 0.5 * np.cos(TAU * (turn + 0.08 * np.sin(TAU * turn)))
    side, high = x - 4 / 9, y - 0.36 + 0.035 * np.sin(TAU * turn + 0.9)
    wide, tall = 0.33 - 0.075 * beat, 0.2 + 0.06 * beat
    rim = 0.05 + 0.012 * np.cos(side * 60) - 0.03 * beat
    bell_edge = np.where(high < rim, np.hypot(side / wide, np.minimum(high - rim, 0) / (tall + rim)), 9)
    cover, colour = np.zeros_like(x), np.broadcast_to(rgb("#ffffff"), (*x.shape, 3))
    for arm in range(-5, 6):
        down = np.clip((high - rim) / 0.56, 0, 1)
        sway = 0.045 * down * np.sin(TAU * (turn - down * 0.9) + arm * 0.55)
        centre = arm * wide * 0.17 * (1 - 0.35 * down * beat) + sway
        frill = 0.006 * np.sin(down * 60 + arm) if arm % 2 == 0 else 0
        thick = (0.019 if arm % 2 == 0 else 0.0055) * (1 - down) ** 0.6 + frill * (1 - down)
        length = 0.97 if arm % 2 else 0.66
        ribbon = (
            smooth(0.004, -0.004, np.abs(side - centre) - thick)
            * smooth(length, length * 0.4, down)
            * (high > rim - 0.03)
        )
        tint = rgb("#ff9ed2") if arm % 2 == 0 else rgb("#c8b6ff")
        colour = over(colour, tint, np.maximum(ribbon, (cover < 0.02) * 1.0))
        cover = np.maximum(cover, ribbon * 0.75)
    inside = smooth(1.0, 0.97, bell_edge)
    ribs = 0.5 + 0.5 * np.cos(np.arctan2(side / wide, 0.6 - high / tall) * 26)
    bell = ramp(bell_edge**2, "0 #ffd6f0, 0.5 #c58cf0, 1 #6f6bf2") + 0.1 * (ribs * bell_edge**2)[..., None]
    shine = np.exp(-(((side + 0.1) / 0.07) ** 2) - ((high + tall * 0.55) / 0.035) ** 2)
    bell = over(bell, rgb("#ffffff"), shine * 0.8)
    rings = np.minimum.reduce(
        [
            np.abs(np.hypot((side - off) / 0.05, (high + 0.045 - 0.1 * abs(off)) / 0.035) - 0.8)
            for off in (-0.085, 0.0, 0.085)
        ]
    )
    bell = over(bell, rgb("#ff6fae"), smooth(0.28, 0.1, rings) * 0.7)
    colour = over(colour, bell, inside)
    cover = np.maximum(cover * (1 - 0.5 * inside), inside * np.clip(0.62 + 0.33 * bell_edge**3, 0, 0.95))
    return np.dstack([colour, cover])


def pages() -> bytes:
    """Three pages, three phases of the moon."""
    rng = seeded("pages")
    x, y = canvas(420, 420)
    relief = noise(rng, 420, 420, (7, 7), 6)
    for _ in range(90):
        centre, size = rng.random(2), 0.008 + 0.05 * rng.random() ** 4
        bowl = np.hypot(x - centre[0], y - centre[1]) / size
        relief = relief + 0.16 * (smooth(1.5, 1.0, bowl) - 1.5 * smooth(1.05, 0.6, bowl))
    seas = smooth(0.42, 0.6, noise(rng, 420, 420, (4, 4), 4))
    right, up = (x - 0.5) / 0.4, (0.5 - y) / 0.4
    front = np.sqrt(np.clip(1 - right**2 - up**2, 0, 1))
    bump_y, bump_x = np.gradient(cv2.GaussianBlur(relief, (0, 0), 0.8))
    stars = np.zeros_like(x)
    stars[rng.integers(0, 420, 60), rng.integers(0, 420, 60)] = 0.2 + 0.7 * rng.random(60)
    disc = smooth(1.003, 0.995, np.hypot(right, up))
    sheets = []
    for phase in (2.35, 1.5, 0.25):
        sun = (np.sin(phase), 0.12, np.cos(phase))
        light = np.clip((right - bump_x * 5) * sun[0] + (up + bump_y * 5) * sun[1] + front * sun[2], 0, 1) ** 0.7
        surface = ramp(seas, "0 #f4ecd8, 1 #a89f90") * (light * (0.8 + 0.25 * relief))[..., None] + rgb("#0d1124") * 0.8
        night = ramp(y, "0 #070a1c, 1 #131a38") + stars[..., None]
        sheets.append(painted(over(night, surface, disc)))
    return file_of(sheets[0], "TIFF", save_all=True, append_images=sheets[1:], compression="tiff_adobe_deflate")


def cmyk() -> bytes:
    """A poster as a printer thinks of it: four plates, one above the other, and where two inks meet, a third colour."""
    width, height = 600, 800
    x, y = canvas(width, height)
    paper = noise(seeded("cmyk"), width, height, (90, 120), 3)

    def leaf(foot: tuple[float, float], angle: float, size: float) -> Array:
        along = (x - foot[0]) * np.cos(angle) - (y - foot[1]) * np.sin(angle)
        aside = (x - foot[0]) * np.sin(angle) + (y - foot[1]) * np.cos(angle)
        t = np.clip(along / size, 0, 1)
        half = size * 0.17 * np.sin(np.pi * t**0.8) ** 0.9
        return (
            smooth(0.002, -0.002, np.abs(aside) - half)
            * smooth(0.002, 0.006, np.abs(aside))
            * ((along > 0) & (along < size))
        )

    def stalk(foot_x: float, bend: float, first: float) -> Array:
        ink = np.zeros_like(x)
        for step in np.linspace(0, 1, 9):
            place = (foot_x + bend * step**2, 0.97 - 0.55 * step)
            for way in (-1, 1):
                ink = np.maximum(
                    ink, leaf(place, np.pi / 2 + way * (first - 0.5 * step) - bend, 0.2 * (1.1 - 0.6 * step))
                )
        stem = np.abs(x - foot_x - bend * np.clip((0.97 - y) / 0.55, 0, 1) ** 2)
        return np.maximum(ink, smooth(0.005, 0.003, stem) * (y > 0.42) * (y < 1))

    sun = smooth(0.222, 0.219, np.hypot(x - 0.4, y - 0.3))
    sun *= 1 - (np.sin(TAU * (y - 0.3) * 22) > 0.75 - (y - 0.3) * 3) * (y > 0.33)
    hills = [
        smooth(-0.0015, 0.0015, y - base - 0.055 * np.sin(x * speed + shift))
        for base, speed, shift in ((0.6, 7, 0.3), (0.7, 5, 2.6), (0.82, 6, 4.4))
    ]
    frame = (np.maximum(np.abs(x - 0.375) - 0.335, np.abs(y - 0.5) - 0.46) < 0).astype(np.float32)
    left, right = stalk(0.2, 0.07, 1.15), stalk(0.57, -0.1, 1.05)
    plates = [
        0.16 * smooth(0.62, 0.1, y) + 0.34 * hills[0] * (1 - hills[1]) + 0.72 * hills[2] + 0.78 * left + 0.1 * right,
        0.88 * sun * (1 - hills[0]) * smooth(0.0, 0.5, y)
        + 0.42 * hills[1] * (1 - hills[2])
        + 0.3 * hills[0]
        + 0.85 * right
        + 0.2 * left,
        0.1 + 0.85 * sun * (1 - hills[0]) + 0.62 * hills[1] + 0.5 * left + 0.25 * right,
        0.34 * hills[2] + 0.14 * left,
    ]
    inks = np.stack(
        [
            np.clip(plate * frame * (0.86 + 0.25 * paper) + 0.03 * band, 0, 1)
            for plate, band in zip(plates, (0, 1, 2, 0), strict=True)
        ],
        -1,
    )
    levels = Image.fromarray((inks * 255).astype(np.uint8), "CMYK")
    return file_of(levels, "JPEG", quality=86)


def coral_growth(rng: np.random.Generator, width: int, height: int, steps: int) -> Array:
    """Gray and Scott's two chemicals: one feeds the other, and corals grow."""
    food, coral = np.ones((height, width), np.float32), np.zeros((height, width), np.float32)
    for _ in range(60):
        row, column = rng.integers(4, height - 4), rng.integers(4, width - 4)
        coral[row - 3 : row + 3, column - 3 : column + 3] = 0.5 + 0.3 * rng.random()
    kernel = np.array([[0.05, 0.2, 0.05], [0.2, -1, 0.2], [0.05, 0.2, 0.05]], np.float32)
    feed, kill = np.float32(0.0545), np.linspace(0.0615, 0.0628, width, dtype=np.float32)
    for _ in range(steps):
        meeting = food * coral * coral
        spread_food = cv2.filter2D(food, -1, kernel, borderType=cv2.BORDER_REFLECT)
        spread_coral = cv2.filter2D(coral, -1, kernel, borderType=cv2.BORDER_REFLECT)
        food += spread_food - meeting + feed * (1 - food)
        coral += np.float32(0.5) * spread_coral + meeting - (feed + kill) * coral
    return coral


def display_p3() -> bytes:
    """Corals in reds and greens that sRGB does not have; the numbers mean Display P3, and the profile says so."""
    width, height = 900, 600
    coral = cv2.resize(
        coral_growth(seeded("display-p3"), 225, 150, 4200), (width, height), interpolation=cv2.INTER_CUBIC
    )
    coral = cv2.GaussianBlur(coral / coral.max(), (0, 0), 1.5)
    slope_y, slope_x = np.gradient(coral * 14)
    light = np.clip((slope_x * 0.55 + slope_y * 0.75 + 0.75) / np.sqrt(1 + slope_x**2 + slope_y**2), 0, 1.4)
    x, y = canvas(width, height)
    reef = ramp(x / 1.5 * 0.7 + y * 0.3, "0 #ff0a3c, 0.4 #ff4a00, 0.7 #ffb000, 1 #ff2fa0")
    water = ramp(x / 1.5 * 0.6 + y * 0.4, "0 #003d6b, 0.6 #00a38a, 1 #00d65c")
    body = smooth(0.3, 0.55, coral)
    depth = cv2.GaussianBlur(body, (0, 0), 9)
    picture = over(water * (1 - 0.55 * depth[..., None]), reef * (0.45 + 0.75 * light[..., None]), body)
    picture += (smooth(1.0, 1.3, light) * body * 0.5)[..., None]
    return file_of(painted(picture), "JPEG", quality=82, icc_profile=p3_profile())


def p3_profile() -> bytes:
    """Display P3 as an ICC profile, version 2: three primaries, white, and sRGB's tone curve in 96 points."""

    def fixed(*numbers: float) -> bytes:
        return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))

    def xyz(*numbers: float) -> bytes:
        return b"XYZ \0\0\0\0" + fixed(*numbers)

    signal = np.linspace(0, 1, 96)
    linear = np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)
    name = b"Display P3\0"
    described = b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(8 + 3 + 67)
    curve = b"curv\0\0\0\0" + struct.pack(">I96H", 96, *np.rint(linear * 65535).astype(int))
    tags = {
        b"desc": described,
        b"cprt": b"text\0\0\0\0No copyright\0",
        b"wtpt": xyz(0.95045, 1.0, 1.08905),
        # The primaries as seen under the profile space's white, D50.
        b"rXYZ": xyz(0.51512, 0.24120, -0.00105),
        b"gXYZ": xyz(0.29198, 0.69225, 0.04189),
        b"bXYZ": xyz(0.15710, 0.06657, 0.78407),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    start, table, body, places = 128 + 4 + 12 * len(tags), b"", b"", {}
    for tag, value in tags.items():
        if value not in places:
            places[value] = start + len(body)
            body += value + bytes(-len(value) % 4)
        table += tag + struct.pack(">II", places[value], len(value))
    date = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
    head = bytes(8) + b"\x02\x20\0\0" + b"mntrRGB XYZ " + date + b"acsp" + bytes(28) + fixed(0.9642, 1.0, 0.8249)
    profile = head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body
    return struct.pack(">I", len(profile)) + profile[4:]


# --- All of them ------------------------------------------------------------------------------------------------------

PICTURES: dict[str, Callable[[], bytes]] = {
    "dunes.jpg": dunes,
    "skyline.jpg": skyline,
    "früh.webp": frueh,
    "grey.jpg": grey,
    "cmyk.jpg": cmyk,
    "display-p3.jpg": display_p3,
    "alpha.png": alpha,
    "palette.png": palette,
    "sixteen-bit.png": sixteen_bit,
    "lighthouse.gif": lighthouse,
    "jellyfish.webp": jellyfish,
    "pages.tiff": pages,
    **{f"orientation/{number}.jpg": lambda number=number: oriented(number) for number in range(1, 9)},
    "truncated.jpg": truncated,
    "text.jpg": text,
}


def generate(folder: str) -> None:
    """Write all pictures into a folder."""
    os.makedirs(os.path.join(folder, "orientation"), exist_ok=True)
    for name, paint in PICTURES.items():
        data = paint()
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)
        print(f"{len(data) / 1000:8.1f} kB  {name}")


if __name__ == "__main__":
    generate(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)))
