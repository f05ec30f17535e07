"""The peers: one file each, one function each, which answers with commands or with why there are none."""

from __future__ import annotations

from benchmarks.model import Peer
from benchmarks.peers.codec_limit import codec_limit
from benchmarks.peers.graphicsmagick import graphicsmagick
from benchmarks.peers.imagemagick import imagemagick
from benchmarks.peers.imgp import imgp
from benchmarks.peers.imgpipe import imgpipe
from benchmarks.peers.opencv import opencv
from benchmarks.peers.pillow import pillow
from benchmarks.peers.pyvips import pyvips
from benchmarks.peers.sharp import sharp
from benchmarks.peers.vipsthumbnail import vipsthumbnail

PEERS: dict[str, Peer] = {
    "imgpipe": imgpipe,
    "codec limit": codec_limit,
    "sharp": sharp,
    "vipsthumbnail": vipsthumbnail,
    "pyvips, Pool": pyvips,
    "ImageMagick": imagemagick,
    "GraphicsMagick": graphicsmagick,
    "OpenCV, Pool": opencv,
    "imgp": imgp,
    "Pillow, naive, Pool": pillow,
}
"""In the order of the table and of the runs; what is compared with comes first."""
