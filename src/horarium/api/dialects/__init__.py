"""The schedule APIs of other products that this server speaks; each is a package that holds a record, `DIALECT`.

The docstring of horarium.api.kit says how one is made.
"""
