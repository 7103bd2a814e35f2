"""What to give instead of an abbreviation of a time zone, or of an offset from UTC."""

from __future__ import annotations

import re

# The zones that an abbreviation may mean; where there are several, the most common one first.
_ABBREVIATIONS: dict[str, tuple[str, ...]] = {
    "PST": ("America/Los_Angeles", "Asia/Manila"),
    **dict.fromkeys(("PDT", "PT"), ("America/Los_Angeles",)),
    "MST": ("America/Denver", "America/Phoenix", "Asia/Kuala_Lumpur"),
    **dict.fromkeys(("MDT", "MT"), ("America/Denver",)),
    "CST": ("America/Chicago", "Asia/Shanghai", "America/Havana"),
    "CDT": ("America/Chicago", "America/Havana"),
    "CT": ("America/Chicago",),
    "EST": ("America/New_York", "America/Panama"),
    **dict.fromkeys(("EDT", "ET"), ("America/New_York",)),
    "AKST": ("America/Anchorage",),
    "AKDT": ("America/Anchorage",),
    "HST": ("Pacific/Honolulu",),
    "AST": ("America/Halifax", "America/Puerto_Rico", "Asia/Riyadh"),
    "ADT": ("America/Halifax",),
    "NST": ("America/St_Johns",),
    "NDT": ("America/St_Johns",),
    "BRT": ("America/Sao_Paulo",),
    "ART": ("America/Argentina/Buenos_Aires",),
    "CLT": ("America/Santiago",),
    "COT": ("America/Bogota",),
    "PET": ("America/Lima",),
    "BST": ("Europe/London", "Asia/Dhaka"),
    "WEST": ("Europe/Lisbon",),
    "CEST": ("Europe/Berlin", "Europe/Paris"),
    "EEST": ("Europe/Helsinki", "Europe/Kyiv"),
    "MSK": ("Europe/Moscow",),
    "TRT": ("Europe/Istanbul",),
    "IST": ("Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem"),
    "IDT": ("Asia/Jerusalem",),
    "GST": ("Asia/Dubai", "Atlantic/South_Georgia"),
    "PKT": ("Asia/Karachi",),
    "NPT": ("Asia/Kathmandu",),
    "ICT": ("Asia/Bangkok", "Asia/Ho_Chi_Minh"),
    "WIB": ("Asia/Jakarta",),
    "SGT": ("Asia/Singapore",),
    "MYT": ("Asia/Kuala_Lumpur",),
    "HKT": ("Asia/Hong_Kong",),
    "PHT": ("Asia/Manila",),
    "JST": ("Asia/Tokyo",),
    "KST": ("Asia/Seoul",),
    **dict.fromkeys(("AEST", "AEDT", "AET"), ("Australia/Sydney", "Australia/Brisbane")),
    "ACST": ("Australia/Adelaide", "Australia/Darwin"),
    "ACDT": ("Australia/Adelaide",),
    "AWST": ("Australia/Perth",),
    "NZST": ("Pacific/Auckland",),
    "NZDT": ("Pacific/Auckland",),
    "WAT": ("Africa/Lagos",),
    "CAT": ("Africa/Maputo",),
    "EAT": ("Africa/Nairobi",),
    "SAST": ("Africa/Johannesburg",),
    "Z": ("UTC",),
    "ZULU": ("UTC",),
}
_OFFSET = re.compile(r"(?:UTC|GMT|Z)?\s*([+-])\s*(\d{1,2})(?::?([0-5]\d))?", re.IGNORECASE | re.ASCII)
# The offsets, in hours, that zones of the area Etc have: from behind UTC to ahead of it.
_MOST_BEHIND, _MOST_AHEAD = 12, 14
# A place whose clocks have such an offset, by the sign, the hours and the minutes.
_PLACES = {
    "-3:30": "America/St_Johns",
    "-9:30": "Pacific/Marquesas",
    "+3:30": "Asia/Tehran",
    "+4:30": "Asia/Kabul",
    "+5:30": "Asia/Kolkata",
    "+5:45": "Asia/Kathmandu",
    "+6:30": "Asia/Yangon",
    "+8:45": "Australia/Eucla",
    "+9:30": "Australia/Darwin",
    "+10:30": "Australia/Lord_Howe",
    "+12:45": "Pacific/Chatham",
}


def hint_for(name: str) -> str | None:
    """What to give instead of an abbreviation or an offset; None for any other name."""
    text = name.strip()
    zones = _ABBREVIATIONS.get(text.upper())
    if zones is not None:
        return f"it is an abbreviation; give {_either(zones)}"
    offset = _OFFSET.fullmatch(text)
    return None if offset is None else _instead_of_offset(offset[1], int(offset[2]), int(offset[3] or 0))


def _either(zones: tuple[str, ...]) -> str:
    if len(zones) == 1:
        return zones[0]
    return f"{', '.join(zones[:-1])} or {zones[-1]}, whichever it means here"


def _instead_of_offset(sign: str, hours: int, minutes: int) -> str:
    if not hours and not minutes:
        return "give UTC"
    length = f"{hours}:{minutes:02}" if minutes else f"{hours} hour{'' if hours == 1 else 's'}"
    words = f"it is an offset, {length} {'ahead of' if sign == '+' else 'behind'} UTC, and no zone; "
    place = _PLACES.get(f"{sign}{hours}:{minutes:02}", "Europe/Berlin")
    if minutes or hours > (_MOST_AHEAD if sign == "+" else _MOST_BEHIND):
        return f"{words}give the place whose clocks are meant, such as {place}"
    reversed_sign = "-" if sign == "+" else "+"
    return (
        f"{words}give Etc/GMT{reversed_sign}{hours} (the signs of these names are reversed), or the place whose clocks "
        f"are meant, such as {place}"
    )
