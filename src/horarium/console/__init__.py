"""The console: pages for people, served beside the APIs and made of the same use cases."""
