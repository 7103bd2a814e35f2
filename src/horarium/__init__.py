"""Horarium: a schedule server in which every slot is accounted for."""

__version__ = "0.1.0"
