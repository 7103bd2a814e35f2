"""The routes of the project's own API, one module for each kind of thing."""
