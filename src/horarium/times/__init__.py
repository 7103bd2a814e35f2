"""When a schedule fires: recurrences in time zones, as sets of whole seconds since the epoch.

Everything here is pure. It asks no clock, does no I/O except for reading the zone data of the pinned `tzdata`
package, and imports nothing else of the project. `parsing` reads expressions into rules; `timing` compiles a
rule with a zone to a recurrence.
"""

from horarium.times.density import busiest_hour, smallest_gap
from horarium.times.explain import Occurrence, explain_next, occurrences
from horarium.times.grammar import Grammar, canonical_spec, grammar_names, register_grammar
from horarium.times.instants import InstantError, Rounding, held_ms
from horarium.times.jitter import jitter_ms
from horarium.times.kept import kept
from horarium.times.parsing import native
from horarium.times.problems import ExpressionProblem, RecurrenceError
from horarium.times.recurrence import Recurrence
from horarium.times.timing import Timing, compile_timing, described, timing_bytes, wants_anchor
from horarium.times.union import parts_of
from horarium.times.zones import TZDATA_VERSION, Zone, local_text, zone, zone_fingerprint, zone_names

register_grammar(native.NAME, native.GRAMMAR)

__all__ = [
    "TZDATA_VERSION",
    "ExpressionProblem",
    "Grammar",
    "InstantError",
    "Occurrence",
    "Recurrence",
    "RecurrenceError",
    "Rounding",
    "Timing",
    "Zone",
    "busiest_hour",
    "canonical_spec",
    "compile_timing",
    "described",
    "explain_next",
    "grammar_names",
    "held_ms",
    "jitter_ms",
    "kept",
    "local_text",
    "occurrences",
    "parts_of",
    "register_grammar",
    "smallest_gap",
    "timing_bytes",
    "wants_anchor",
    "zone",
    "zone_fingerprint",
    "zone_names",
]
