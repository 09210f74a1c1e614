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
