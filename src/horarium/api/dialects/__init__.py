"""The schedule APIs of other products that this server speaks; each is a package with a record, `DIALECT`.

The docstring of horarium.api.kit says how one is made.
"""
