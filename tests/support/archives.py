"""ZIP archives made in memory."""

import io
import warnings
import zipfile


def zipped(entries, compression=zipfile.ZIP_DEFLATED):
    """Pack ``{name or ZipInfo: bytes}``, whatever the names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, data in entries.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def zipped_raw(entries, extra=None):
    """Pack ``{bytes of a name: bytes}`` without a word on the encoding, as old programs do.

    Args:
        entries: names as they are to be stored.
        extra: from a name's bytes to its extra field, if entries have one.
    """
    places = {f"<{number}>".ljust(len(name), "."): name for number, name in enumerate(entries)}
    infos = {}
    for place, name in places.items():
        infos[place] = zipfile.ZipInfo(place)
        infos[place].compress_type = zipfile.ZIP_DEFLATED
        if extra is not None:
            infos[place].extra = extra(name)
    data = zipped({infos[place]: entries[name] for place, name in places.items()})
    for place, name in places.items():
        data = data.replace(place.encode(), name)
    return data
