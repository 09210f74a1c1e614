r"""First bytes and a name -> what a file is: a picture of a format that is read, one that is not, or no picture at all.

look(b"\x89PNG\r\n...", "cat")       # Look("PNG", read=True), whatever the name ends in
look(b"\xff\n...", "cat.jpg")        # Look("a JPEG XL image", read=False)
look(b"Dear diary", "notes.txt")    # None
"""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple

__all__ = [
    "CLIP_NAMES",
    "CLIP_SUFFIXES",
    "HEAD_BYTES",
    "RAW",
    "READ",
    "VIDEO",
    "Look",
    "clip_container",
    "is_clip",
    "look",
    "refusal",
]

HEAD_BYTES = 512
"""How much of a file's beginning tells what it is."""

RAW = "a camera's RAW file"
VIDEO = "a video"
_ICON = "an icon"

READ: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("PNG", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("JPEG", re.compile(rb"\xff\xd8\xff")),
    ("WebP", re.compile(rb"RIFF....WEBP", re.DOTALL)),
    ("GIF", re.compile(rb"GIF8[79]a")),
    ("TIFF", re.compile(rb"II[*+]\0|MM\0[*+]")),
    # AVIF and HEIC share a container; the generic brands mif1 and msf1 name the coding among the compatible brands.
    ("AVIF", re.compile(rb"....ftyp(avi[fs]|m[is]f1.{4}(.{4}){0,8}avi[fs])", re.DOTALL)),
    ("HEIC", re.compile(rb"....ftyp(hei[cmsx]|hev[cmsx]|m[is]f1)", re.DOTALL)),
    ("JPEG 2000", re.compile(rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  \r\n\x87\n", re.DOTALL)),
    ("BMP", re.compile(rb"BM")),
    ("PNM", re.compile(rb"P[1-6]\s")),
)
"""The formats that are read, in the order in which they are tried."""

CLIP_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm"})
"""File names that are taken for clips; what is called otherwise is known by its first bytes."""

CLIP_NAMES = "an MP4, MOV, AVI, MKV or WebM video"

_CONTAINERS: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("mov", re.compile(rb"....(ftyp|moov|mdat|wide|free|skip)", re.DOTALL)),
    ("avi", re.compile(rb"RIFF....AVI ", re.DOTALL)),
    ("matroska", re.compile(rb"\x1aE\xdf\xa3")),
)  # as FFmpeg calls them

_UNREAD: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("a JPEG XL image", re.compile(rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n", re.DOTALL)),
    (
        RAW,
        re.compile(
            rb"....ftypcrx |II\*\0....CR\x02|IIRO|IIRS|MMOR|IIU\0|FUJIFILMCCD-RAW|II....HEAPCCDR|FOVb|\0MRM", re.DOTALL
        ),
    ),
    (
        VIDEO,
        re.compile(rb"....(ftyp|moov|mdat|wide|free|skip)|RIFF....AVI |\x1aE\xdf\xa3|\0\0\x01\xba|\0\0\x01\xb3", re.DOTALL),
    ),
    (VIDEO, re.compile(rb"FLV\x01|0&\xb2u\x8ef\xcf\x11|OggS", re.DOTALL)),
    ("a Photoshop document", re.compile(rb"8BPS")),
    ("an SVG drawing", re.compile(rb"\s*(<\?xml[^>]*>\s*)?(<!--.{0,300}?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg", re.DOTALL)),
    ("a PostScript or PDF page", re.compile(rb"%!PS|%PDF|\xc5\xd0\xd3\xc6")),
    (_ICON, re.compile(rb"\0\0[\1\2]\0")),
    ("a DICOM image", re.compile(rb".{128}DICM", re.DOTALL)),
    ("a FITS image", re.compile(rb"SIMPLE  =")),
    ("an OpenEXR or Radiance image", re.compile(rb"v/1\x01|#\?RAD")),
    ("a JPEG XR image", re.compile(rb"II\xbc")),
    ("a DirectDraw or KTX texture", re.compile(rb"DDS \x7c|\xabKTX")),
    ("a QOI image", re.compile(rb"qoif")),
    ("a float map", re.compile(rb"P[fF]\s")),
    ("a NumPy array", re.compile(rb"\x93NUMPY")),
    ("a PCX image", re.compile(rb"\x0a[\0\x02-\x05]\x01[\x01\x02\x04\x08]")),
    ("an icon", re.compile(rb"icns")),
    ("a BPG image", re.compile(rb"BPG\xfb")),
    ("a FLIF image", re.compile(rb"FLIF[\x31-\x6f]")),
    ("a Windows metafile", re.compile(rb"\xd7\xcd\xc6\x9a|\x01\0\0\0.{36} EMF", re.DOTALL)),
    ("an NRRD volume", re.compile(rb"NRRD000")),
    ("a microscope's file", re.compile(rb"ZISRAWFILE")),
    ("an SGI image", re.compile(rb"\x01\xda[\0\x01][\x01\x02]")),
    ("a DjVu page", re.compile(rb"AT&TFORM")),
    ("a PAM image", re.compile(rb"P7\n")),
)
_CANON = re.compile(rb"II\*\0....CR\x02", re.DOTALL)  # a TIFF to every other program
_UNREAD_SUFFIXES = {
    RAW: "3fr ari arw bay cap cr2 cr3 crw dcr dcs dng erf fff gpr iiq k25 kdc mef mos mrw nef nrw orf pef ptx raf rw2 rwl "
    "sr2 srf srw x3f",
    VIDEO: "mp4 m4v mov avi mkv webm mpg mpeg wmv flv 3gp mts m2ts ogv",
    "a JPEG XL image": "jxl",
    "a Photoshop document": "psd psb",
    "an SVG drawing": "svg svgz",
    "a PostScript or PDF page": "eps ps pdf ai",
    "a DICOM image": "dcm dicom",
    "a FITS image": "fits fit fts",
    "an OpenEXR or Radiance image": "exr hdr",
    "a JPEG XR image": "jxr wdp hdp",
    "a Targa image": "tga",
    "a GIMP image": "xcf",
    "an icon": "ico",
    "a NIfTI volume": "nii",
    "an NRRD volume": "nrrd nhdr",
    "a MetaImage volume": "mha mhd",
    "a PCX image": "pcx",
    "a Windows metafile": "wmf emf",
    "an SGI image": "sgi",
    "a microscope's file": "czi lif lsm nd2 oib oif vsi mrxs",
    "a DjVu page": "djvu",
    "a PAM image": "pam",
    "a FLIF image": "flif",
    "a BPG image": "bpg",
    "a QOI image": "qoi",
    "a DirectDraw or KTX texture": "dds ktx ktx2",
    "a float map": "pfm",
    "a NumPy array": "npy",
}
_BY_SUFFIX = {f".{suffix}": kind for kind, suffixes in _UNREAD_SUFFIXES.items() for suffix in suffixes.split()}
_ADVICE = {RAW: "develop it and save a JPEG or PNG", VIDEO: "save frames of it as JPEG or PNG"}

# What stands where a picture should be: the answer of a server, the place-holder of a store, the parcel it came in.
_INSTEAD: tuple[tuple[str, str, re.Pattern[bytes]], ...] = (
    ("a web page", "download the picture itself", re.compile(rb"\s*<(!doctype html|html|head|body)\b", re.IGNORECASE)),
    ("a Git LFS pointer", "fetch the file itself with git lfs pull", re.compile(rb"version https://git-lfs")),
    ("an archive", "unpack it", re.compile(rb"PK\x03\x04|\x1f\x8b\x08|Rar!\x1a|7z\xbc\xaf|BZh[1-9]|\xfd7zXZ")),
    ("a JSON text", "download the picture itself", re.compile(rb"\s*[{\[]\s*[\"{\[\]}]")),
    ("an XML text", "download the picture itself", re.compile(rb"\s*<\?xml")),
)


class Look(NamedTuple):
    """What a file is: a format of ``READ``, or the words for one that is not read."""

    kind: str
    read: bool


def look(head: bytes, name: str) -> Look | None:
    """Say what a file is; ``None`` where it is no picture and no relative of one.

    Args:
        head: the first ``HEAD_BYTES``; none where only the name is known.
        name: a RAW file in the clothes of a TIFF, and a Targa, are known by its ending alone.
    """
    suffix = posixpath.splitext(name.lower().removesuffix(".gz"))[1]
    read = next((kind for kind, start in READ if start.match(head)), None)
    if read is not None and _BY_SUFFIX.get(suffix) != RAW and not _CANON.match(head):
        return Look(read, read=True)
    called = _BY_SUFFIX.get(suffix)
    begins = next((kind for kind, start in _UNREAD if start.match(head)), None)
    unread = called if begins == _ICON else begins or called  # two bytes of zeros are a Targa as well
    unread = unread or begins
    return Look(unread, read=False) if unread else None


def clip_container(head: bytes) -> str:
    """How FFmpeg calls the format of a clip that is read; empty where the first bytes are of none."""
    seen = look(head, "")
    if seen is not None and seen.kind != VIDEO:
        return ""
    return next((kind for kind, start in _CONTAINERS if start.match(head)), "")


def is_clip(head: bytes, name: str) -> bool:
    """Whether a file is a clip by its first bytes, or is called one and is no picture by them."""
    seen = look(head, "")
    return bool(clip_container(head)) or (
        posixpath.splitext(name)[1].lower() in CLIP_SUFFIXES and (seen is None or not seen.read)
    )


def refusal(name: str, kind: str = "", head: bytes = b"") -> str:
    """The sentence on a file whose format is not read.

    Args:
        name: what to call the file.
        kind: what it is instead, as ``look`` says; empty where that is not known.
        head: its first bytes, where these may say what it is.
    """
    advice = _ADVICE.get(kind, "save it as one of these")
    if kind == VIDEO and posixpath.splitext(name)[1].lower() not in CLIP_SUFFIXES:
        advice = "convert it to MP4"
    if not kind:
        kind, advice = next(((what, how) for what, how, start in _INSTEAD if start.match(head)), (kind, advice))
    instead = f" but {kind}" if kind else ", by what it begins with"
    return f"{name!r} is not a PNG, JPEG, WebP, GIF, BMP, TIFF, HEIC, AVIF or JPEG 2000 image{instead}: {advice}."
