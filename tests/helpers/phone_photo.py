"""A HEIC file, which nothing that is installed can write: four patches, 48x32 pixels."""

from __future__ import annotations

import base64

import numpy as np

PATCHES = np.uint8([[200, 60, 40], [40, 160, 70], [60, 80, 190], [180, 180, 180]])


def chart(patches: np.ndarray = PATCHES) -> np.ndarray:
    """(32, 48, C): four patches, left to right and top to bottom, of the patches' type."""
    return patches.reshape(2, 2, -1).repeat(16, axis=0).repeat(24, axis=1)


HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAX1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAA"
    "AAAAAAAAAAAAACJpbG9jAAAAAERAAAEAAQAAAAABoQABAAAAAAAAAUkAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAA"
    "AAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA/WlwcnAAAADdaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34"
    "+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5"
    "uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAA"
    "AAAoY2xhcAAAADAAAAABAAAAIAAAAAH////wAAAAAv///+AAAAACAAAAEHBpeGkAAAAAAwgICAAAABhpcG1hAAAA"
    "AAAAAAEAAQWBAgMFhAAAAVFtZGF0AAABRSgBrwY44+e97bfn43//9vMeh/HPAIfBIm+Ao77VV//y/aKPJRTHfj/1"
    "GLAjXBdttjb2I49dG9lvgn7ZCvH4LjP/7Em/be3j/kDsnrIH2m0m9mK/RpK/4W3mL6nRc59Yf/CH9jPQf//0Oldx"
    "02knrWmXyY060ZsAMzFSoM7jkdbS17TOl6BSdP8D4nY3BLV/+VrOoOnPP86vb9m7s3bGd4/1HTrc52bu3ouPr/af"
    "buzxx/V/sfsfTGcSR8H/g/4D/0p0oiZw3gBLysoMZJEsmih3iyV8tNQzZ5i9LG+ozHQABO6QvH290jj9uS7G058t"
    "cKPrMDUjHVquZx2vLIRflJ/8aUYPlOykK7qq4ox+kdxUtUZIp6tuCmXjbP1P51WSIR/xHr34vwe+9NP+FdJZYEDB"
    "FXseGYU++8tjAZFj3lMX+k18kJA="
)
